"""Where reports are written."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hearkit import machine
from hearkit.errors import UsageError
from hearkit.files import check_writable, sweep, write, written_atomically


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


@pytest.fixture(params=["nameless", "named"])
def atomic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Linux, and as where a file cannot be without a name."""
    if request.param == "named":
        monkeypatch.setattr(machine, "open_nameless", lambda _: None)


def put(path: Path, content: bytes) -> None:
    with written_atomically(path) as file:
        file.write(content)


@pytest.mark.usefixtures("atomic")
def test_what_is_written_appears_whole_and_alone(tmp_path: Path) -> None:
    place = tmp_path / "a"
    with written_atomically(place) as file:
        file.write(b"half")
        file.flush()
        assert not place.exists()
        file.write(b" and half")
    assert place.read_bytes() == b"half and half"
    put(place, b"again")
    assert place.read_bytes() == b"again"
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.usefixtures("atomic")
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_stood_there_stays_where_writing_fails(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def fail() -> None:
        with written_atomically(tmp_path / "a") as file:
            file.write(b"after")
            raise error

    put(tmp_path / "a", b"before")
    with pytest.raises(error):
        fail()
    assert (tmp_path / "a").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.usefixtures("atomic")
def test_an_old_file_keeps_its_permissions_and_a_new_one_gets_the_usual(tmp_path: Path) -> None:
    usual, new, old = (tmp_path / name for name in ("usual", "new", "old"))
    usual.touch()
    old.touch(0o640)
    old.chmod(0o640)
    put(new, b"")
    put(old, b"")
    assert stat.S_IMODE(new.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


@pytest.mark.parametrize("more", ["", "machine.open_nameless = lambda _: None"])
def test_the_umask_is_respected(tmp_path: Path, more: str) -> None:
    probe = (
        "import os, sys\n"
        "os.umask(0o027)\n"
        "from pathlib import Path\n"
        "from hearkit import machine\n"
        "from hearkit.files import written_atomically\n"
        f"{more}\n"
        "with written_atomically(Path(sys.argv[1])) as file: pass\n"
    )
    subprocess.run([sys.executable, "-c", probe, str(tmp_path / "a")], check=True)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@pytest.mark.usefixtures("atomic")
def test_a_planted_link_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it had guessed the name."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    victim = tmp_path / "victim"
    victim.write_text("mine")
    link = tmp_path / "out" / ".hear-guessed"
    link.parent.mkdir()
    link.symlink_to(victim)
    with pytest.raises(FileExistsError):
        put(tmp_path / "out" / "a", b"theirs")
    assert victim.read_text() == "mine"
    assert link.is_symlink()
    assert [path.name for path in link.parent.iterdir()] == [link.name]


@pytest.mark.usefixtures("atomic")
def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    longest = tmp_path / ("a" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    put(longest, b"x")
    assert longest.read_bytes() == b"x"


@pytest.mark.usefixtures("atomic")
def test_a_folder_that_cannot_be_written_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        put(tmp_path / "gone" / "a", b"x")


def test_what_killed_runs_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    left, held, new = (f".hear-{n:016x}" for n in range(3))
    for name in (left, held, new, ".hear-notes", ".hear-" + "a" * 17):
        (tmp_path / name).touch()
        if name != new:
            os.utime(tmp_path / name, (1, 1))
    (tmp_path / f".hear-{3:016x}").symlink_to(tmp_path / "elsewhere")
    (tmp_path / f".hear-{4:016x}").mkdir()
    before = {path.name for path in tmp_path.iterdir()}
    with (tmp_path / held).open("rb") as file:  # by another run
        assert machine.hold(file.fileno())
        sweep(tmp_path)
    assert before - {path.name for path in tmp_path.iterdir()} == {left}
    sweep(tmp_path / "gone")


@pytest.mark.usefixtures("atomic")
def test_a_file_that_is_there_is_not_replaced_where_none_may_be(tmp_path: Path) -> None:
    place = tmp_path / "a"
    with written_atomically(place, replace=False) as file:
        file.write(b"first")
    with pytest.raises(FileExistsError), written_atomically(place, replace=False) as file:
        file.write(b"second")
    assert place.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [place]
