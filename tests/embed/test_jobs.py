"""Which files are embedded, and where results go."""

import os
import tracemalloc
from pathlib import Path

import pytest

from hearkit.embed.found import Found
from hearkit.embed.jobs import collected, find_jobs
from hearkit.errors import UsageError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("in/a.wav", "in/sub/b.FLAC", "in/sub/a.wav", "in/notes.txt", "other/a.wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_folders_are_mirrored_and_suffixes_kept(tree: Path) -> None:
    jobs = find_jobs([tree / "in"], tree / "out")
    assert [os.path.relpath(str(j.output), tree / "out") for j in jobs] == [
        "a.wav.npz",
        "sub/a.wav.npz",
        "sub/b.FLAC.npz",
    ]


def test_a_named_file_is_tried_whatever_it_is_called(tree: Path) -> None:
    (job,) = find_jobs([tree / "in" / "notes.txt"], tree)
    assert job.output == tree / "notes.txt.npz"


def test_a_file_named_twice_is_one_job(tree: Path) -> None:
    assert len(find_jobs([tree / "in" / "a.wav", tree / "in"], tree)) == 3


def test_two_files_for_one_place_are_refused(tree: Path) -> None:
    with pytest.raises(UsageError, match="both be written"):
        find_jobs([tree / "in", tree / "other"], tree / "out")


def test_missing_and_empty_inputs_are_refused(tree: Path) -> None:
    (tree / "empty").mkdir()
    with pytest.raises(UsageError, match="no such file"):
        find_jobs([tree / "gone"], tree)
    with pytest.raises(UsageError, match="no audio found"):
        find_jobs([tree / "empty"], tree)
    (tree / "empty" / "a.txt").touch()
    with pytest.raises(UsageError, match=r"passed over 1 file that is no audio by name: 1 \.txt;"):
        find_jobs([tree / "empty"], tree)


def test_a_job_takes_little_memory(tmp_path: Path) -> None:
    """There may be millions."""
    found = [Found(Path(f"in/{n:06}.wav"), f"{n:06}.wav") for n in range(5000)]
    tracemalloc.start()
    jobs = collected(iter(found), tmp_path)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert jobs[7].source == Path("in/000007.wav")
    assert jobs[7].output == tmp_path / "000007.wav.npz"
    assert size / len(jobs) < 400
