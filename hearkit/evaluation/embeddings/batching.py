"""Which recordings are embedded at once: as the oracle does, or as memory allows."""

from __future__ import annotations

from collections.abc import Sequence

from ..tasks import order
from . import store
from .work import Work


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
        n = order.oracle_batch(duration, work.model.sample_rate)
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
    return [part for run in runs for part in _parts(run, _most(work, limit, lengths[run[0]]))]


def _most(work: Work, limit: int, length: int) -> int:
    """Recordings of a length in a batch."""
    most = limit // length
    if work.model.cap is not None:
        seconds = length / work.source.rate
        most = min(most, work.model.cap.recordings, int(work.model.cap.seconds // seconds))
    return max(1, most)


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
    limit = work.model.most_at_once(work.longest) * work.longest_frames
    store.write_json(kept, limit)
    return limit
