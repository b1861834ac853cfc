"""Where reports are written."""

import os
import stat
from pathlib import Path

import pytest

from hearkit.files import check_writable, write
from validator.options import UsageError


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["gone/report.json"], "there is no folder gone"),
        (["folder"], "is a folder"),
        (["file/report.json"], "there is no folder file"),
        (["report.json", "folder/../report.json"], "two reports"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_beforehand(
    names: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").touch()
    with pytest.raises(UsageError, match=words) as caught:
        check_writable(names)
    assert str(caught.value).startswith(f"{names[-1]}: ")


def test_asking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable([str(tmp_path / "report.json"), "/dev/stdout"])
    assert list(tmp_path.iterdir()) == []


def test_a_report_replaces_the_one_before_with_usual_permissions(tmp_path: Path) -> None:
    place = tmp_path / "report.json"
    usual = tmp_path / "usual"
    usual.touch()
    place.write_text("a longer text from the run before")
    write(str(place), "é")
    assert place.read_bytes() == "é".encode()
    assert stat.S_IMODE(place.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.json", "usual"]


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to("target")
    write(str(tmp_path / "link"), "x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "x"


def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(str(pipe), "x")
    assert os.read(reader, 9) == b"x"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_full_disk_is_one_line() -> None:
    with pytest.raises(UsageError, match="/dev/full: cannot be written: No space left"):
        write("/dev/full", "x")


def test_a_write_that_fails_leaves_the_report_before(tmp_path: Path) -> None:
    place = tmp_path / "report.json"
    place.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write(str(place), "\ud800")
    assert place.read_text() == "before"
    assert list(tmp_path.iterdir()) == [place]
