"""Results written behind the computation: bounded, complete, and failures are seen."""

import errno
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearkit.embed import read, store, writer
from hearkit.embed.writer import Writer
from hearkit.errors import HearError, UnwritableError, UsageError

LARGE = {"scene_embedding": np.zeros(1000, np.float32)}


def test_what_was_handed_over_is_on_disk_at_the_end(tmp_path: Path) -> None:
    with Writer() as out:
        for n in range(5):
            out.submit(tmp_path / f"{n}.npz", LARGE)
    assert [len(read(tmp_path / f"{n}.npz")["scene_embedding"]) for n in range(5)] == [1000] * 5


def test_pending_results_are_bounded_by_their_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed, written, pending = 0, 0, []

    def slow(*_: Any) -> None:
        nonlocal written
        time.sleep(0.01)
        pending.append(handed - written)
        written += 1

    monkeypatch.setattr(store, "write", slow)
    monkeypatch.setattr(writer, "_PENDING_BYTES", 3 * 4000)
    with Writer() as out:
        for n in range(30):
            out.submit(tmp_path / f"{n}.npz", LARGE)
            handed += 1
    assert written == 30
    assert max(pending) <= 3


def test_a_result_larger_than_the_bound_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_PENDING_BYTES", 10)
    with Writer() as out:
        for n in range(3):
            out.submit(tmp_path / f"{n}.npz", LARGE)
            # Next to it there would be room for no other.
            assert (tmp_path / f"{n}.npz").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_is_full_or_read_only_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(store, "write", refuse)
    handed = 0

    def hand_over() -> None:
        nonlocal handed
        with Writer() as out:
            for _ in range(10_000):
                out.submit(tmp_path / "a.npz", LARGE, written=lambda _: None)
                handed += 1

    with pytest.raises(UsageError, match=r"cannot be written \(.*Make room or choose"):
        hand_over()
    assert handed < 10_000


def test_any_other_failure_is_one_results(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    (tmp_path / "folder.npz").mkdir()
    too_long = "a" * 252 + ".npz"
    places = ["taken/a.npz", "good.npz", "folder.npz", too_long, "last.npz"]
    outcomes: list[HearError | None] = []
    with Writer() as out:
        for place in places:
            out.submit(tmp_path / place, LARGE, written=outcomes.append)
    assert [error is None for error in outcomes] == [False, True, False, False, True]
    assert "something else has its place" in str(outcomes[0])
    assert "something else has its place" in str(outcomes[2])
    assert "rename the recording" in str(outcomes[3])
    assert read(tmp_path / "last.npz")


def test_a_failure_of_the_last_write_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with (
        pytest.raises(UnwritableError, match=r"taken/a.npz: cannot be written \("),
        Writer() as out,
    ):
        out.submit(tmp_path / "taken" / "a.npz", LARGE)


def test_an_interruption_still_writes_what_was_handed_over(tmp_path: Path) -> None:
    def interrupted() -> None:
        with Writer() as out:
            out.submit(tmp_path / "a.npz", LARGE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
