"""The installed command: what it loads, and runs that end early and go on."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearkit.embed import read

from ..conftest import AUDIO
from ..processes import interruptible
from .conftest import COMMAND, Embed, write_tone

RUN = ("in", "--out", "out", "--module", "tiny")


def test_recordings_become_loadable_results(folder: Path, command: Embed) -> None:
    done = command(str(AUDIO), "--out", "out", "--module", "tiny")
    n_files = len(list(AUDIO.glob("*.flac")))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"embedded {n_files}, already there 0, failed 0, in out\n"
    assert done.stderr == (
        "hear-embed: passed over 1 file that is no audio by name: 1 .md\n"  # where they are from
    )
    for path in AUDIO.glob("*.flac"):
        found = read(folder / "out" / f"{path.name}.npz")
        duration = soundfile.info(path).duration
        assert float(found["duration"]) == pytest.approx(duration)
        assert found["scene_embedding"].shape == (2,)
        assert found["timestamp_embeddings"].shape == (len(found["timestamps"]), 2)
        assert found["timestamps"].dtype == np.float32
        assert found["timestamps"][-1] == pytest.approx(1000 * duration, abs=21)
        assert str(found["module"]) == "tiny"
        assert int(found["sample_rate"]) == 16000


def test_a_result_that_is_too_large_for_the_system_fails_alone(
    folder: Path, command: Embed
) -> None:
    write_tone(folder / "in" / "a.wav", 0.5)
    write_tone(folder / "in" / "b.wav", 60.0)
    write_tone(folder / "in" / "c.wav", 0.6)
    limit = resource.RLIMIT_FSIZE, (20_000, 20_000)
    done = command(*RUN, "--in-process", preexec_fn=lambda: resource.setrlimit(*limit))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        "hear-embed: in/b.wav: out/b.wav.npz: cannot be written (File too large)"
    )
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a.wav.npz", "c.wav.npz"]


def test_a_killed_run_goes_on_and_leaves_no_half_result(folder: Path, command: Embed) -> None:
    for n in range(3):
        write_tone(folder / "in" / f"{n}.wav", 0.5 + n / 10)
    with (folder / "tiny.py").open("a") as file:
        file.write(
            """
import os, pathlib, psutil, signal, time
numbers = get_scene_embeddings
def get_scene_embeddings(audio, model):
    if audio.shape[1] > 9000 and not pathlib.Path("go").exists():
        command = next(p for p in psutil.Process().parents() if "hear-embed" in p.cmdline()[1])
        os.kill(command.pid, signal.SIGKILL)
        time.sleep(60)
    return numbers(audio, model)
"""
        )
    killed = command(*RUN)
    assert killed.returncode == -signal.SIGKILL
    written = len(list((folder / "out").glob("*.npz")))
    (folder / "go").touch()
    again = command(*RUN)
    expected = f"embedded {3 - written}, already there {written}, failed 0, in out\n"
    assert again.stdout == expected, again.stderr
    names = sorted(path.name for path in (folder / "out").iterdir())
    assert names == ["0.wav.npz", "1.wav.npz", "2.wav.npz"]


def test_an_interrupted_run_goes_on_where_it_stopped(folder: Path, command: Embed) -> None:
    for n in range(3):
        write_tone(folder / "in" / f"{n}.wav", 0.5 + n / 10)
    slow = (
        (folder / "tiny.py").read_text()
        + """
import pathlib, time
first = get_scene_embeddings
def get_scene_embeddings(audio, model):
    if audio.shape[1] > 9000 and not pathlib.Path("go").exists():
        pathlib.Path("waiting").touch()
        time.sleep(60)
    return first(audio, model)
"""
    )
    (folder / "tiny.py").write_text(slow)
    running = interruptible([COMMAND, *RUN], cwd=folder, stderr=subprocess.PIPE)
    for _ in range(600):
        if (folder / "waiting").exists():
            break
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert errors.split("\n", 1)[1] == (  # click ends the line of the ^C
        "hear-embed: interrupted; the same command resumes where it stopped\n"
    )
    assert [p.name for p in (folder / "out").iterdir()] == ["0.wav.npz"]
    (folder / "go").touch()
    assert command(*RUN).stdout.startswith("embedded 2, already there 1, failed 0")


def test_help_loads_no_heavy_library() -> None:
    probe = """
import sys
from hearkit.embed import cli
try:
    cli.main()
except SystemExit:
    pass
print([m for m in ("torch", "soundfile", "soxr", "rich", "validator") if m in sys.modules])
import hearkit.embed.parquet.folder, hearkit.embed.pipeline
print("hearkit.remote.store" in sys.modules, "fsspec" in sys.modules)  # needed for URLs only
"""
    done = subprocess.run(
        [sys.executable, "-c", probe, "--help"], capture_output=True, text=True, check=True
    )
    assert "AUDIO files and folders" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["[]", "True False"]


def test_how_threads_wait_is_said_before_they_are_made(folder: Path, command: Embed) -> None:
    """PyTorch's threads ask when it is imported, and nobody's own choice is overruled."""
    write_tone(folder / "in" / "a.wav")
    with (folder / "tiny.py").open("a") as file:
        file.write("import os; open('policy', 'w').write(os.environ['OMP_WAIT_POLICY'])\n")
    unset = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    for more in ([], ["--in-process"]):
        for name, env in (("PASSIVE", unset), ("ACTIVE", unset | {"OMP_WAIT_POLICY": "ACTIVE"})):
            (folder / "policy").unlink(missing_ok=True)
            command(*RUN, *more, env=env)
            assert (folder / "policy").read_text() == name
