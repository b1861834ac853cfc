"""The command's edges: kills, full disks, odd names, --debug; and what --help loads."""

import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearbaseline import __version__
from hearbaseline.embed import cli, jobs, read

from .embed.conftest import MODULE, write_tone

Call = Callable[..., int]

COMMAND = str(Path(sys.executable).with_name("hear-embed"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run in, with a module of a name that no other test imports."""
    (tmp_path / "edge_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def call(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the command in this process, in the folder: its exit status."""
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> int:
        monkeypatch.delitem(sys.modules, "edge_module", raising=False)
        monkeypatch.setattr(
            sys, "argv", ["hear-embed", *arguments, "--out", "out", "--module", "edge_module"]
        )
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        assert isinstance(stopped.value.code, int)
        return stopped.value.code

    return run


def test_files_that_would_collide_are_refused_before_any_work(
    folder: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        write_tone(folder / name / "x.wav")
    assert call("a/x.wav", "b/x.wav") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("hear-embed: a/x.wav and b/x.wav would both be written to out/x.wav.npz")
    assert not (folder / "out").exists()


def test_a_result_tells_where_it_comes_from(folder: Path, call: Call) -> None:
    write_tone(folder / "in" / "sub" / "x.flac", 0.5, 44100)
    assert call("in", "--batch", "2") == 0
    found = read(folder / "out" / "sub" / "x.flac.npz")
    said = {name: value.item() for name, value in found.items() if value.shape == ()}
    assert len(said.pop("fingerprint")) == 64
    assert said == {
        "source": "in/sub/x.flac",
        "duration": 0.5,
        "sample_rate": 16000,
        "module": "edge_module",
        "weights": "",
        "version": __version__,
    }


def test_every_faulty_file_is_one_line_and_the_others_go_on(
    folder: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tone(folder / "in" / "good.wav")
    soundfile.write(folder / "in" / "empty.wav", np.zeros(0), 16000)
    soundfile.write(folder / "in" / "nan.wav", np.full(99, np.nan), 16000, subtype="FLOAT")
    (folder / "in" / "no\nbytes\x1b[31m.wav").touch()
    assert call("in") == 1
    said = capsys.readouterr()
    assert said.out == "embedded 1, already there 0, failed 3, in out\n"
    lines = sorted(said.err.splitlines())
    assert len(lines) == 3
    assert lines[0].startswith("hear-embed: in/empty.wav: holds no samples")
    assert lines[1].startswith("hear-embed: in/nan.wav: holds samples that are NaN")
    assert lines[2].startswith("hear-embed: in/no bytes")
    assert all(line.isprintable() for line in lines)


def test_debug_shows_why_a_file_failed_and_keeps_the_exit_status(
    folder: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tone(folder / "a.wav")
    with (folder / "edge_module.py").open("a") as file:
        file.write("def get_scene_embeddings(audio, model): return {}['layer']\n")
    assert call("a.wav") == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert call("a.wav", "--debug") == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "return {}['layer']" in said
    assert call("gone.wav", "--debug") == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "", "meta", "cuda:99"])
def test_a_device_that_is_none_is_bad_usage(
    folder: Path, call: Call, capsys: pytest.CaptureFixture[str], device: str
) -> None:
    write_tone(folder / "a.wav")
    assert call("a.wav", "--device", device) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--device" in line


def test_an_error_of_ours_is_one_line_too(
    folder: Path, call: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(jobs, "find_jobs", broken)
    write_tone(folder / "a.wav")
    assert call("a.wav") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "RuntimeError: unforeseen" in line


def test_a_file_that_outgrows_the_disk_stops_with_one_line(folder: Path) -> None:
    write_tone(folder / "in" / "a.wav", 0.5)
    write_tone(folder / "in" / "b.wav", 60.0)
    command = [COMMAND, "in", "--out", "out", "--module", "edge_module"]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "out/b.wav.npz: cannot be written (File too large)" in line
    assert [path.name for path in (folder / "out").iterdir()] == ["a.wav.npz"]


def test_a_killed_run_goes_on_and_leaves_no_half_result(folder: Path) -> None:
    for n in range(3):
        write_tone(folder / "in" / f"{n}.wav", 0.5 + n / 10)
    with (folder / "edge_module.py").open("a") as file:
        file.write(
            """
import os, pathlib, signal
numbers = get_scene_embeddings
def get_scene_embeddings(audio, model):
    if audio.shape[1] > 9000 and not pathlib.Path("go").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    return numbers(audio, model)
"""
        )
    command = [COMMAND, "in", "--out", "out", "--module", "edge_module"]
    killed = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    written = len(list((folder / "out").glob("*.npz")))
    (folder / "go").touch()
    again = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    expected = f"embedded {3 - written}, already there {written}, failed 0, in out\n"
    assert again.stdout == expected, again.stderr
    names = sorted(path.name for path in (folder / "out").iterdir())
    assert names == ["0.wav.npz", "1.wav.npz", "2.wav.npz"]


def test_the_command_itself_needs_no_heavy_library_to_answer_help() -> None:
    """Of our own modules only: the parent package stands in empty."""
    probe = """
import sys, types, pathlib
parent = types.ModuleType("hearbaseline")
parent.__path__ = [sys.argv.pop(1)]
sys.modules["hearbaseline"] = parent
from hearbaseline.embed import cli
try:
    cli.main()
except SystemExit:
    pass
print([m for m in ("torch", "soundfile", "soxr", "rich", "validator") if m in sys.modules])
"""
    package = str(Path(cli.__file__).parent.parent)
    command = [sys.executable, "-c", probe, package, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "AUDIO files and folders" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
