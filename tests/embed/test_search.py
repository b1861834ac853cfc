"""What is found in folders, and a word on everything else."""

import os
from pathlib import Path

import pytest

from hearkit.embed.found import LeftOut
from hearkit.embed.search import search

DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found(folder: Path, left_out: LeftOut | None = None) -> list[str]:
    return [str(place) for _, place, _ in search(folder, left_out or LeftOut())]


def test_kinds_that_are_passed_over_are_counted(tmp_path: Path) -> None:
    make(tmp_path, "a.wav", "b.txt", "sub/c.TXT", "sub/notes", "d.csv", "a.wav.npz", ".DS_Store")
    left_out = LeftOut()
    assert found(tmp_path, left_out) == ["a.wav"]
    assert str(left_out) == (
        "passed over 4 files that are no audio by name: 2 .txt, 1 .csv, 1 without a suffix"
    )
    assert left_out.troubles == []


def test_what_a_mac_adds_is_as_if_not_there(tmp_path: Path) -> None:
    make(tmp_path, "a.wav", "._song.wav")
    for name in ("._a.wav", "__MACOSX/._a.wav", "._notes.txt"):
        make(tmp_path, name)
        (tmp_path / name).write_bytes(DOUBLE)
    left_out = LeftOut()
    # A recording may be called so, too.
    assert found(tmp_path, left_out) == ["._song.wav", "a.wav"]
    assert (str(left_out), left_out.troubles) == ("", [])
    assert search(tmp_path / "._a.wav", left_out) == []
    assert left_out.troubles == []


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    make(tmp_path, "in/z/a.wav", "far/b.wav", "far/deep/c.wav")
    (tmp_path / "in" / "a").symlink_to("z")  # comes first, and z keeps its place
    (tmp_path / "in" / "far").symlink_to(tmp_path / "far")
    (tmp_path / "in" / "once more").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "far" / "deep" / "here").symlink_to(".")
    left_out = LeftOut()
    assert found(tmp_path / "in", left_out) == ["far/b.wav", "far/deep/c.wav", "z/a.wav"]
    assert str(left_out) == "followed 4 linked folders once only"
    assert left_out.troubles == []
    (tmp_path / "link").symlink_to("in")
    assert found(tmp_path / "link") == ["far/b.wav", "far/deep/c.wav", "z/a.wav"]


def test_a_recording_that_git_annex_keeps_is_found_once_by_its_name(tmp_path: Path) -> None:
    kept = tmp_path / ".git" / "annex" / "objects" / "SHA256E-s9.wav" / "SHA256E-s9.wav"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"recording")
    (tmp_path / "bell.wav").symlink_to(kept.relative_to(tmp_path))
    left_out = LeftOut()
    assert [found.name for found in search(tmp_path, left_out)] == ["bell.wav"]
    assert str(left_out) == "passed over a folder called .git"
    assert left_out.troubles == []


def test_dead_links_are_told(tmp_path: Path) -> None:
    make(tmp_path, "a.wav")
    for name in ("b.wav", "speaker", "readme.txt"):
        (tmp_path / name).symlink_to("nowhere")
    left_out = LeftOut()
    # The dead recording fails when it is read.
    assert found(tmp_path, left_out) == ["a.wav", "b.wav"]
    (line,) = left_out.troubles
    assert line.startswith(f"{tmp_path}/speaker: is a link to nowhere")
    assert left_out.kinds == {".txt": 1}


def test_folders_that_cannot_be_searched_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system lets root search everything."""
    make(tmp_path, "a.wav", "locked/b.wav")
    scandir = os.scandir

    def refused(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    left_out = LeftOut()
    assert found(tmp_path, left_out) == ["a.wav"]
    (line,) = left_out.troubles
    assert line.startswith(f"{tmp_path}/locked: the folder cannot be searched (permission denied)")


def test_names_of_any_bytes_are_found_and_shown(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    for name in (b"caf\xe9.wav", b"a\nb.wav", b"-x.wav", b"x.\xff"):
        (Path(os.fsdecode(root + b"/" + name))).touch()
    left_out = LeftOut()
    assert found(tmp_path, left_out) == ["-x.wav", "a\nb.wav", os.fsdecode(b"caf\xe9.wav")]
    assert "1 .\\xff" in str(left_out)
