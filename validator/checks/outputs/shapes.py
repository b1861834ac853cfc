"""The axes of what is returned."""

from __future__ import annotations

import contextlib

from hearkit.errors import Fault

from ...asking.session import SCENE, TIMESTAMP, Session
from ...asking.snippets import reproduce
from ...catalogue import Verdict, check, conforms, inconclusive, violates
from ...stimuli import Stimulus, noise
from ...words import counted
from .._calls import FUNCTIONS, probe
from ..model.attributes import embedding_sizes
from .values import SIZES, measurable, tensor_types


@check(
    "O03",
    "shapes follow the batch: 1, 2, 3 and 8 sounds",
    section="get_timestamp_embeddings",
    requires=(tensor_types,),
    fix="Keep the batch axis throughout: no squeeze() without an axis, no [0], no reshape "
    "that mixes sounds and time.",
)
def shapes(session: Session) -> Verdict:
    """The evaluation embeds in batches, and the last batch may have any number of sounds."""
    n_samples = session.samples(1.0)
    for n_sounds in SIZES:
        sounds = noise(n_sounds, n_samples, session.seed)
        for function in FUNCTIONS:
            problem = _shape_problem(session, function, sounds)
            if problem:
                short = "scene" if function == SCENE else "timestamps"
                return violates(
                    problem,
                    spares=measurable(session),
                    expected="(n_sounds, scene_embedding_size), and (n_sounds, n_timestamps, "
                    "timestamp_embedding_size) with (n_sounds, n_timestamps)",
                    hint=_shape_hint(session, function, sounds),
                    reproduction=reproduce(f"print({short}(audio, model))", audio=sounds),
                )
    return conforms("1, 2, 3 and 8 sounds")


def _shape_problem(session: Session, function: str, sounds: Stimulus) -> str:
    """What is wrong with the shapes that a batch gets, or nothing."""
    reply = session.call(function, sounds)
    shapes = [v.shape for v in session.values(function, sounds)]
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
    return f"{function} returned {seen} for {counted(n, 'sound')}, not {wanted}"


def _shape_hint(session: Session, function: str, sounds: Stimulus) -> str:
    """The likely cause of wrong shapes, where they show it."""
    found = [v.shape for v in session.values(function, sounds)]
    n = len(sounds)
    # Where the model does not say its size, the last axis of the embeddings is taken for it.
    size = found[0][-1] if found and found[0] else 0
    with contextlib.suppress(Fault):
        size = session.size(function)
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
    "O04",
    "embeddings are as wide as the model says",
    section="load_model",
    requires=(shapes, embedding_sizes),
    fix="Set scene_embedding_size and timestamp_embedding_size to the last axis of what the "
    "functions return.",
)
def widths(session: Session) -> Verdict:
    """The evaluation builds its classifiers for the sizes that the model carries."""
    wrong, sizes = [], _sizes(session)
    for function, size in sizes.items():
        width = session.embed(function, probe(session)).shape[-1]
        if width != size:
            wrong.append(f"{function} returns {width} numbers, the model says {size}")
    if not sizes:
        return inconclusive("the model says no size")
    if wrong:
        return violates(
            "; ".join(wrong),
            expected="the last axis equals the model's attribute",
            hint=_width_hint(session, sizes),
            reproduction=reproduce(
                "print(scene(audio, model).shape, model.scene_embedding_size)",
                "print(timestamps(audio, model)[0].shape, model.timestamp_embedding_size)",
                audio=probe(session),
            ),
        )
    words = {TIMESTAMP: "timestamps", SCENE: "scenes"}
    return conforms(", ".join(f"{size} ({words[f]})" for f, size in sizes.items()))


def _sizes(session: Session) -> dict[str, int]:
    """The sizes that the model says, as far as it does; that one is missing is told elsewhere."""
    said = {}
    for function in FUNCTIONS:
        with contextlib.suppress(Fault):
            said[function] = session.size(function)
    return said


def _width_hint(session: Session, said: dict[str, int]) -> str:
    seen = {f: session.embed(f, probe(session)).shape[-1] for f in FUNCTIONS}
    swapped = seen[SCENE] == said.get(TIMESTAMP) and seen[TIMESTAMP] == said.get(SCENE)
    return "The two sizes look swapped." if swapped else ""
