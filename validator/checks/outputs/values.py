"""What kind of thing the two functions return."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from hearkit.api.contract import SHORTEST_CLIP_S
from hearkit.errors import Fault

from ...asking.session import SCENE, TIMESTAMP, Session
from ...asking.snippets import reproduce
from ...blame import blamed
from ...catalogue import Spares, Verdict, check, conforms, violates
from ...stimuli import noise
from .._calls import FUNCTIONS, probe
from ..model.attributes import sample_rate

SIZES = (2, 1, 3, 8)
"""Numbers of sounds, in the order in which they are tried."""


@check(
    "O01",
    "get_timestamp_embeddings returns embeddings and timestamps",
    section="get_timestamp_embeddings",
    requires=(sample_rate,),
    fix="End with `return embeddings, timestamps`.",
)
def timestamp_pair(session: Session) -> Verdict:
    """Callers unpack two values, the embeddings first."""
    sounds = probe(session)
    try:
        reply = session.call(TIMESTAMP, sounds)
    except Fault as fault:
        return _fails(session, fault)
    reproduction = reproduce("print(timestamps(audio, model))", audio=sounds)
    expected = "a tuple of two tensors, (embeddings, timestamps)"
    if reply.container not in ("tuple", "list") or len(reply.values) != 2:
        seen = f"a {reply.container} of {len(reply.values)}"
        if reply.container == "single":
            seen = f"one {reply.values[0]}"
        return violates(
            f"it returned {seen}",
            expected=expected,
            reproduction=reproduction,
            spares=measurable(session),
        )
    ranks = [len(v.shape) for v in reply.values]
    if ranks == [2, 3]:
        return violates(
            f"it returned {reply.values[0]} first and {reply.values[1]} second",
            expected=expected,
            hint="Swap the two returned values: embeddings come first.",
            reproduction=reproduction,
            spares=measurable(session),
        )
    return conforms(" and ".join(map(str, reply.values)))


def measurable(session: Session) -> Spares:
    """What can be measured although something is returned in another form than it should be."""

    def embeds(n_sounds: int) -> bool:
        sounds = noise(n_sounds, session.samples(1.0), session.seed)
        with contextlib.suppress(Fault):
            return all(session.embed(function, sounds).size for function in FUNCTIONS)
        return False

    if not embeds(1):
        return Spares.NOTHING
    return Spares.EVERYTHING if all(map(embeds, SIZES)) else Spares.SINGLE


def _fails(session: Session, fault: Fault) -> Verdict:
    """What a batch of two gets no answer for may work for one sound; then that goes on."""
    works = False
    if fault.kind == "exception":
        with contextlib.suppress(Fault):
            works = all(
                session.embed(f, noise(1, session.samples(seconds), session.seed)).size
                for f in FUNCTIONS
                for seconds in (SHORTEST_CLIP_S, 1.0)
            )
    return replace(
        blamed(fault),
        spares=Spares.SINGLE if works else Spares.NOTHING,
        hint="It works for one sound, not for two." if works else blamed(fault).hint,
    )


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
        try:
            reply = session.call(function, probe(session))
        except Fault as fault:
            return _fails(session, fault)
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
            spares=measurable(session),
            reproduction=reproduce(
                "print(type(scene(audio, model)), [type(x) for x in timestamps(audio, model)])",
                audio=probe(session),
            ),
        )
    return conforms()
