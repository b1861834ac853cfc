"""Which recordings are embedded at once: as the oracle does, or as memory allows."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...api.memory import PeakMemory
from ...errors import SubmissionError
from ..tasks import order
from . import store
from .work import Work

_SHARE = 0.5
"""Of the memory that the module may have, what a batch is to take; estimates are rough."""

_LEAST_PER_SAMPLE = 64
"""Bytes of a sample in a batch at least: a model's peak does not grow in small steps."""


def batches_of(work: Work, lengths: list[int], rank: list[int] | None) -> list[list[int]]:
    """Which recordings are embedded at once, the same whenever a run resumes.

    Args:
        work: What is embedded where.
        lengths: Samples of each recording.
        rank: Indices of the recordings in the order in which they must be written; None if any
            order will do.
    """
    if work.batching == "oracle":
        if rank is not None:  # recordings of several lengths, of which the oracle embeds one each
            return [[file] for file in rank]
        duration = work.source.task.metadata.sample_duration
        n = order.oracle_batch(duration, work.embedder.sample_rate)
        files = list(range(len(lengths)))
        whole = [files[at : at + n] for at in range(0, len(files), n)]
        return [run for batch in whole for run in _runs(batch, lengths)]
    limit = _limit(work)
    if rank is not None:
        runs = _runs(rank, lengths)
    else:
        groups: dict[int, list[int]] = {}
        for file, length in enumerate(lengths):
            groups.setdefault(length, []).append(file)
        runs = list(groups.values())
    return [part for run in runs for part in _parts(run, max(1, limit // lengths[run[0]]))]


def _parts(files: list[int], n: int) -> list[list[int]]:
    return [files[at : at + n] for at in range(0, len(files), n)]


def _runs(files: Sequence[int], lengths: list[int]) -> list[list[int]]:
    """Neighbours of one length."""
    runs: list[list[int]] = []
    for file in files:
        if runs and lengths[runs[-1][0]] == lengths[file]:
            runs[-1].append(file)
        else:
            runs.append([file])
    return runs


def _limit(work: Work) -> int:
    """Samples in a batch at most, as recorded; measured once for an entry and then kept."""
    kept = work.folder / "batch.json"
    known = store.read_json(kept)
    if isinstance(known, int) and known > 0:
        return known
    limit = _most_at_once(work) * work.longest[2]
    store.write_json(kept, limit)
    return limit


def _most_at_once(work: Work) -> int:
    """How many recordings like the longest fit into memory at once."""
    split, name, _ = work.longest
    sound = work.source.samples(split, name)
    try:
        # The first call also takes what a model sets up once.
        _, one, two = (_peak(work, [sound] * n) for n in (1, 1, 2))
    except SubmissionError:
        return 1  # which recording is at fault is found on the way
    available = work.memory_bytes
    if work.embedder.on_gpu:
        import torch

        available = torch.cuda.mem_get_info()[0]
    each = max(two - one, _LEAST_PER_SAMPLE * len(sound))
    return int(_SHARE * max(0, available - one) / each) + 1


def _peak(work: Work, sounds: list[NDArray[np.float32]]) -> int:
    """Peak memory of embedding a batch."""
    own = PeakMemory(os.getpid())
    if work.is_event:
        work.embedder.timestamps(sounds)
    else:
        work.embedder.scenes(sounds)
    own.look_back()
    return work.embedder.peak_bytes or own.bytes
