"""What kind of thing the two functions return."""

from __future__ import annotations

from ...asking.session import SCENE, TIMESTAMP, Session
from ...asking.snippets import reproduce
from ...catalogue import Verdict, check, conforms, violates
from .._calls import FUNCTIONS, probe
from ..model.attributes import embedding_sizes, sample_rate


@check(
    "O01",
    "get_timestamp_embeddings returns embeddings and timestamps",
    section="get_timestamp_embeddings",
    requires=(sample_rate, embedding_sizes),
    fix="End with `return embeddings, timestamps`.",
)
def timestamp_pair(session: Session) -> Verdict:
    """Callers unpack two values, the embeddings first."""
    sounds = probe(session)
    reply = session.call(TIMESTAMP, sounds)
    reproduction = reproduce("print(timestamps(audio, model))", audio=sounds)
    expected = "a tuple of two tensors, (embeddings, timestamps)"
    if reply.container not in ("tuple", "list") or len(reply.values) != 2:
        seen = f"a {reply.container} of {len(reply.values)}"
        if reply.container == "single":
            seen = f"one {reply.values[0]}"
        return violates(f"it returned {seen}", expected=expected, reproduction=reproduction)
    ranks = [len(v.shape) for v in reply.values]
    if ranks == [2, 3]:
        return violates(
            f"it returned {reply.values[0]} first and {reply.values[1]} second",
            expected=expected,
            hint="Swap the two returned values: embeddings come first.",
            reproduction=reproduction,
        )
    return conforms(" and ".join(map(str, reply.values)))


@check(
    "O02",
    "both functions return tensors of the model's framework",
    section="get_timestamp_embeddings",
    requires=(timestamp_pair,),
    fix="Return torch tensors from a torch model (torch.from_numpy(x).to(audio.device)), and "
    "TensorFlow tensors from a TensorFlow model.",
)
def tensor_types(session: Session) -> Verdict:
    """The evaluation moves results to the CPU with the framework's own means; an array of
    another library has none.
    """
    wrong = []
    for function in FUNCTIONS:
        reply = session.call(function, probe(session))
        if function == SCENE and reply.container != "single":
            wrong.append(f"{function} returned a {reply.container} of {len(reply.values)}")
            continue
        wrong += [
            f"{function} returned a {value.type}"
            for value in reply.values
            if value.framework != session.framework
        ]
    if wrong:
        return violates(
            "; ".join(wrong),
            expected=f"{session.framework} tensors",
            reproduction=reproduce(
                "print(type(scene(audio, model)), [type(x) for x in timestamps(audio, model)])",
                audio=probe(session),
            ),
        )
    return conforms()
