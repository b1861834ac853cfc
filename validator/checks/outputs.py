"""O: what the two functions return, before anybody looks at its meaning."""

from __future__ import annotations

import numpy as np

from ..asking.measure import relative_errors
from ..asking.session import SCENE, TIMESTAMP, Session
from ..asking.snippets import Reproduction, reproduce
from ..catalogue import Figure, Severity, Verdict, check, conforms, violates
from ..stimuli import Stimulus, clipped, constant, impulse, noise, recorded
from .model import embedding_sizes, sample_rate

FUNCTIONS = (TIMESTAMP, SCENE)

_SAME_SOUND = 1e-6
"""Relative difference below which embeddings of different sounds count as the same."""


def probe(session: Session) -> Stimulus:
    """The batch that the first questions are about: two sounds of one second."""
    return noise(2, session.samples(1.0), session.seed)


@check(
    "O01",
    "get_timestamp_embeddings returns embeddings and timestamps",
    section="get_timestamp_embeddings",
    requires=(sample_rate, embedding_sizes),
    mend="End with `return embeddings, timestamps`.",
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
    mend="Return torch tensors from a torch model (torch.from_numpy(x).to(audio.device)), and "
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


def _shape_problem(session: Session, function: str, sounds: Stimulus) -> str:
    """What is wrong with the shapes that a batch gets, or nothing."""
    reply = session.call(function, sounds)
    shapes = [v.shape for v in reply.values]
    n = len(sounds)
    if function == SCENE:
        good = len(shapes) == 1 and len(shapes[0]) == 2 and shapes[0][0] == n
        wanted = f"({n}, size)"
    else:
        good = (
            len(shapes) == 2
            and len(shapes[0]) == 3
            and len(shapes[1]) == 2
            and shapes[0][:2] == shapes[1] == (n, shapes[1][1])
            and shapes[1][1] > 0
        )
        wanted = f"({n}, n_timestamps, size) and ({n}, n_timestamps)"
    if good:
        return ""
    seen = " and ".join(map(str, shapes)) or f"no tensor ({reply.container})"
    return f"{function} returned {seen} for {n} sound{'s' * (n > 1)}, not {wanted}"


def _shape_hint(session: Session, function: str, sounds: Stimulus) -> str:
    """The likely cause of wrong shapes, where they show it."""
    found = [v.shape for v in session.call(function, sounds).values]
    n, size = len(sounds), session.size(function)
    ranks = (2,) if function == SCENE else (3, 2)
    if n == 1 and any(len(s) == rank - 1 for s, rank in zip(found, ranks, strict=False)):
        return "Replace squeeze() by squeeze(dim), so that a batch of one keeps its axis."
    if function == SCENE:
        return "Summarise over time, axis 1." if found and found[0][:1] == (n,) else ""
    embeddings, times = found if len(found) == 2 else ((), ())
    if len(times) == 1 or (len(times) == 2 and times[0] == 1 < n):
        return "Give every sound its row: timestamps.expand(n_sounds, -1)."
    if len(embeddings) == 3 and embeddings[:2] == (n, size):
        return "Swap the last two axes of the embeddings: embeddings.transpose(1, 2)."
    if len(embeddings) == 3 and embeddings[1] == n != embeddings[0]:
        return "Swap the first two axes of the embeddings: embeddings.transpose(0, 1)."
    return ""


@check(
    "O03",
    "shapes follow the batch: 1, 2, 3 and 8 sounds",
    section="get_timestamp_embeddings",
    requires=(tensor_types,),
    mend="Keep the batch axis throughout: no squeeze() without an axis, no [0], no reshape "
    "that mixes sounds and time.",
)
def shapes(session: Session) -> Verdict:
    """The evaluation embeds in batches whose last one may hold any number of sounds."""
    n_samples = session.samples(1.0)
    for n_sounds in (2, 1, 3, 8):
        sounds = noise(n_sounds, n_samples, session.seed)
        for function in FUNCTIONS:
            if problem := _shape_problem(session, function, sounds):
                short = "scene" if function == SCENE else "timestamps"
                return violates(
                    problem,
                    expected="(n_sounds, scene_embedding_size), and (n_sounds, n_timestamps, "
                    "timestamp_embedding_size) with (n_sounds, n_timestamps)",
                    hint=_shape_hint(session, function, sounds),
                    reproduction=reproduce(f"print({short}(audio, model))", audio=sounds),
                )
    return conforms("1, 2, 3 and 8 sounds")


@check(
    "O04",
    "embeddings are as wide as the model says",
    section="load_model",
    requires=(shapes,),
    mend="Set scene_embedding_size and timestamp_embedding_size to the last axis of what the "
    "functions return.",
)
def widths(session: Session) -> Verdict:
    """The evaluation builds its classifiers for the sizes that the model carries."""
    wrong = []
    for function in FUNCTIONS:
        width = session.embed(function, probe(session)).shape[-1]
        if width != session.size(function):
            wrong.append(
                f"{function} returns {width} numbers, the model says {session.size(function)}"
            )
    if wrong:
        return violates(
            "; ".join(wrong),
            expected="the last axis equals the model's attribute",
            hint=_width_hint(session),
            reproduction=reproduce(
                "print(scene(audio, model).shape, model.scene_embedding_size)",
                "print(timestamps(audio, model)[0].shape, model.timestamp_embedding_size)",
                audio=probe(session),
            ),
        )
    return conforms(f"{session.size(TIMESTAMP)} (timestamps), {session.size(SCENE)} (scenes)")


def _width_hint(session: Session) -> str:
    seen = {f: session.embed(f, probe(session)).shape[-1] for f in FUNCTIONS}
    swapped = seen[SCENE] == session.size(TIMESTAMP) and seen[TIMESTAMP] == session.size(SCENE)
    return "The two sizes look swapped." if swapped else ""


@check(
    "O05",
    "embeddings are float32",
    section="get_timestamp_embeddings",
    requires=(shapes,),
    mend="Convert with .float() (PyTorch) or tf.cast(x, tf.float32) before returning.",
)
def embedding_dtype(session: Session) -> Verdict:
    """The evaluation stores and trains on float32; halves lose range, doubles memory."""
    wrong = [
        f"{function} returned {reply.values[0].dtype}"
        for function in FUNCTIONS
        if (reply := session.call(function, probe(session))).values[0].dtype != "float32"
    ]
    if wrong:
        return violates(
            "; ".join(wrong),
            expected="float32",
            reproduction=reproduce(
                "print(scene(audio, model).dtype, timestamps(audio, model)[0].dtype)",
                audio=probe(session),
            ),
        )
    return conforms()


@check(
    "O06",
    "timestamps are float32",
    section="get_timestamp_embeddings",
    requires=(shapes,),
    mend="Compute timestamps in float64 where hops are fractional, then convert to float32.",
)
def timestamp_dtype(session: Session) -> Verdict:
    """Timestamps are milliseconds as float32; whole numbers cannot hold fractional hops."""
    dtype = session.call(TIMESTAMP, probe(session)).values[1].dtype
    if dtype != "float32":
        return violates(
            f"timestamps are {dtype}",
            expected="float32",
            reproduction=reproduce(
                "print(timestamps(audio, model)[1].dtype)", audio=probe(session)
            ),
        )
    return conforms()


@check(
    "O07",
    "embeddings are finite whatever the sound",
    section="get_scene_embeddings",
    requires=(widths, embedding_dtype, timestamp_dtype),
    mend="Guard logarithms and divisions: log(x + eps), x / (std + eps) for silent sounds.",
)
def finite(session: Session) -> Verdict:
    """One NaN in the training set makes every score of a task NaN. Silence, a direct current
    and full-scale clipping all occur in the benchmark's recordings.
    """
    n_samples = session.samples(1.0)
    stimuli = (
        probe(session),
        recorded(session.sample_rate, n_samples),
        constant(1, n_samples, 0.0),
        clipped(1, n_samples, session.seed),
        constant(1, n_samples, 0.5),
        impulse(1, n_samples),
    )
    for stimulus in stimuli:
        for function in FUNCTIONS:
            embeddings = session.embed(function, stimulus)
            bad = int(np.size(embeddings) - np.isfinite(embeddings).sum())
            if bad:
                short = (
                    "scene(audio, model)" if function == SCENE else "timestamps(audio, model)[0]"
                )
                return violates(
                    f"{function} returned {bad} of {np.size(embeddings)} numbers that are not "
                    f"finite for {stimulus.name}",
                    Figure("not finite", bad),
                    expected="finite numbers",
                    reproduction=reproduce(f"print({short})", audio=stimulus),
                )
    return conforms("noise, recordings, silence, clipping, a constant, an impulse")


@check(
    "O08",
    "different sounds get different embeddings",
    section="get_scene_embeddings",
    requires=(finite,),
    mend="Check that the audio reaches the model, that the weights are loaded, and that no "
    "saturation or normalisation flattens the result.",
)
def not_constant(session: Session) -> Verdict:
    """An embedding that does not depend on the sound scores at chance on every task."""
    sounds = recorded(session.sample_rate, session.samples(1.0))
    pairs = [(a, b) for a in range(len(sounds)) for b in range(a)]
    figures = []
    for function in FUNCTIONS:
        embeddings = session.embed(function, sounds)
        smallest = min(
            float(relative_errors(embeddings[[a]], embeddings[[b]])[0]) for a, b in pairs
        )
        figures.append(Figure(f"smallest difference ({function})", smallest, limit=_SAME_SOUND))
        if smallest <= _SAME_SOUND:
            short = "scene(audio, model)" if function == SCENE else "timestamps(audio, model)[0]"
            return violates(
                f"{function} returned the same embedding for different recordings",
                *figures,
                expected="embeddings that depend on the sound",
                reproduction=reproduce(f"print({short})", audio=sounds),
            )
    return conforms("", *figures)


@check(
    "O09",
    "nothing returned requires a gradient",
    severity=Severity.WARNING,
    section="What callers rely on",
    requires=(shapes,),
    mend="Decorate both functions with torch.no_grad(), or return x.detach().",
)
def no_gradient(session: Session) -> Verdict:
    """Nothing is trained through the submission; a result that requires a gradient keeps the
    whole computation in memory, and 20 minutes of audio no longer fit.
    """
    wrong = [
        function
        for function in FUNCTIONS
        if any(v.requires_grad for v in session.call(function, probe(session)).values)
    ]
    if wrong:
        return violates(
            f"{' and '.join(wrong)} returned tensors that require a gradient",
            expected="tensors without a gradient",
            reproduction=reproduce(
                "print(scene(audio, model).requires_grad)", audio=probe(session)
            ),
        )
    return conforms()


@check(
    "O10",
    "no layer runs in training mode",
    section="load_model",
    requires=(shapes,),
    mend="Call model.eval() in load_model before returning the model (PyTorch), or pass "
    "training=False (Keras).",
)
def not_training(session: Session) -> Verdict:
    """Dropout and batch normalisation compute something else in training mode: chance, and
    the statistics of the batch. A new PyTorch module is in training mode until eval().
    """
    found: dict[str, str] = {}
    for function in FUNCTIONS:
        found |= session.call(function, probe(session)).facts.training
    if found:
        listed = ", ".join(f"{name} ({kind})" for name, kind in list(found.items())[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        return violates(
            f"in training mode while embedding: {listed}{more}",
            expected="every layer in evaluation mode",
            reproduction=_showing_modes(session),
        )
    return conforms()


def _showing_modes(session: Session) -> Reproduction:
    """What shows the mode, which in Keras belongs to the call and not to the layer."""
    if session.framework == "torch":
        return reproduce("print([n for n, m in model.named_modules() if m.training])")
    return reproduce("print(scene(audio, model))", audio=probe(session))
