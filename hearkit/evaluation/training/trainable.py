"""Whether heads can be trained on a task's data: refused early, with what is wrong and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...errors import SubmissionError, UsageError
from ..data import SplitData, TaskData
from ..events import postprocessings
from ..scores import SCORES
from .parts import Site
from .protocol import Division, divisions

_NAMED = 5
"""Clips or labels that a message names at most."""

_BLOCK_BYTES = 64 << 20
"""Embeddings looked at in one go; they may be larger than the memory."""


def checked(site: Site, _: None) -> tuple[str, ...]:
    """The part of an evaluation that comes first; see `check`."""
    with site.progress.timed("checking"):
        return check(site.data)


def check(data: TaskData) -> tuple[str, ...]:
    """Refuse data that no head can be trained on.

    Args:
        data: A task with embeddings.

    Returns:
        What is unusual but can be evaluated, in one line each.

    Raises:
        UsageError: If the task is at fault.
        SubmissionError: If embeddings have numbers that are not finite.
    """
    metadata = data.metadata
    where = data.folder
    if not metadata.evaluation:
        raise UsageError(f"{where}: task_metadata.json names no score under evaluation")
    for name in metadata.evaluation:
        if name not in SCORES:
            raise UsageError(f"{where}: the score {name} is none of {', '.join(SCORES)}")
        takes_events = SCORES[name].of_events is not None
        if takes_events != (metadata.embedding_type == "event"):
            raise UsageError(
                f"{where}: the score {name} is of {'events' if takes_events else 'labels'}, and "
                f"the task's embedding_type is {metadata.embedding_type}"
            )
    if metadata.embedding_type == "event" and not metadata.use_scoring_for_early_stopping:
        ways = postprocessings(metadata)
        if len(ways) != 1:
            raise UsageError(
                f"{where}: has {len(ways)} ways of post-processing; without scoring for early "
                "stopping none can be chosen, so event_postprocessing_grid must leave one"
            )
    found = divisions(metadata)
    _check_splits(data, found)
    return tuple(_unusual(data, found))


def _check_splits(data: TaskData, found: Sequence[Division]) -> None:
    """Refuse splits that are missing, empty, or have rows that cannot be learnt."""
    names = dict.fromkeys(n for one in found for n in (*one.train, one.valid, one.test))
    widths: dict[int, str] = {}
    for name in names:
        where = f"{data.folder}: {name}"
        if name not in data.splits:
            raise UsageError(f"{where}: this split is missing")
        split = data.splits[name]
        if len(split.embeddings) == 0:
            raise UsageError(f"{where}: this split has no {_rows(data)}")
        widths.setdefault(split.embeddings.shape[1], name)
        _check_finite(split, where)
        per_row = split.targets.sum(axis=1)
        if data.metadata.prediction_type == "multiclass" and (per_row != 1).any():
            raise UsageError(
                f"{where}: {_clips(split, per_row != 1)} must have exactly one label, since the "
                "task is multiclass"
            )
    if len(widths) > 1:
        told = " and ".join(f"{width} in {name}" for width, name in widths.items())
        raise UsageError(f"{data.folder}: embeddings have different lengths: {told}")


def _rows(data: TaskData) -> str:
    return "clips" if data.metadata.embedding_type == "scene" else "frames"


def _check_finite(split: SplitData, where: str) -> None:
    rows = len(split.embeddings)
    wrong = np.zeros(rows, bool)
    step = max(1, _BLOCK_BYTES // max(1, 4 * split.embeddings.shape[1]))
    for start in range(0, rows, step):
        block = split.embeddings[start : start + step]
        # A sum is finite only if all are, but for an overflow; then each is looked at.
        if not np.isfinite(block.sum(dtype=np.float64)):
            wrong[start : start + step] = ~np.isfinite(block).all(axis=1)
    if wrong.any():
        raise SubmissionError(
            f"{where}: the embeddings of {_clips(split, wrong)} have NaN or infinite numbers; "
            "hear-validate finds the cause in the module"
        )


def _clips(split: SplitData, wrong: np.ndarray) -> str:
    """Clips with such rows: their number and the first names."""
    files = np.searchsorted(split.starts, np.nonzero(wrong)[0], "right") - 1
    names = [split.files[file] for file in np.unique(files)]
    told = ", ".join(names[:_NAMED]) + (", .." if len(names) > _NAMED else "")
    return f"{len(names)} of {len(split.files)} clips ({told})"


def _unusual(data: TaskData, found: Sequence[Division]) -> Iterator[str]:
    ranked = {"mAP", "aucroc", "d_prime"} & set(data.metadata.evaluation)
    if not ranked:
        return
    for name in dict.fromkeys(n for one in found for n in (one.valid, one.test)):
        positives = data.splits[name].targets.sum(axis=0, dtype=np.int64)
        missing = [data.vocabulary[n] for n in np.nonzero(positives == 0)[0]]
        if missing:
            told = ", ".join(missing[:_NAMED]) + (", .." if len(missing) > _NAMED else "")
            yield (
                f"{name}: {len(missing)} of {len(positives)} labels have no clip ({told}): their "
                "average precision counts as 0, and an area under the ROC curve is not defined"
            )
