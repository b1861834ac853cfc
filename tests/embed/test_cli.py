"""The installed command: exit statuses, one line for each problem, results that load."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearbaseline.embed import read

from ..conftest import AUDIO
from ..processes import interruptible
from .conftest import Embed, write_tone


def test_recordings_become_loadable_results(folder: Path, embed: Embed) -> None:
    done = embed(str(AUDIO), "--out", "out", "--module", "tiny")
    n_files = len(list(AUDIO.glob("*.flac")))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"embedded {n_files}, already there 0, failed 0, in out\n"
    assert done.stderr == ""
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


def test_the_reference_baseline_is_the_default(folder: Path, embed: Embed) -> None:
    done = embed(str(AUDIO / "misc_crow.flac"), "--out", "out")
    assert done.returncode == 0, done.stderr
    found = read(folder / "out" / "misc_crow.flac.npz")
    assert found["timestamp_embeddings"].shape == (10, 4096)
    assert str(found["module"]) == "hearbaseline"


def test_what_is_there_is_left_alone_and_what_changed_is_made_again(
    folder: Path, embed: Embed
) -> None:
    first, second = (write_tone(folder / "in" / n) for n in ("a.wav", "b.wav"))
    run = ("in", "--out", "out", "--module", "tiny")
    assert embed(*run).stdout.startswith("embedded 2, already there 0")
    result = folder / "out" / "a.wav.npz"
    made = result.stat().st_mtime_ns
    assert embed(*run).stdout.startswith("embedded 0, already there 2")
    assert result.stat().st_mtime_ns == made
    write_tone(second, 0.7)
    result.write_bytes(result.read_bytes()[:100])
    assert embed(*run).stdout.startswith("embedded 2, already there 0")
    first.touch()
    assert embed(*run).stdout.startswith("embedded 1, already there 1")
    module = folder / "tiny.py"
    module.write_text(module.read_text() + "\n")
    assert embed(*run).stdout.startswith("embedded 2, already there 0")


def test_sounds_of_one_length_share_a_batch_and_keep_their_embeddings(
    folder: Path, embed: Embed
) -> None:
    for n in range(5):
        write_tone(folder / "in" / f"{n}.wav", 0.5, level=0.1 * (n + 1))
    for size in ("1", "4"):
        assert embed("in", "--out", size, "--module", "tiny", "--batch-size", size).returncode == 0
    for n in range(5):
        one, four = (read(folder / size / f"{n}.wav.npz") for size in ("1", "4"))
        assert np.array_equal(one["scene_embedding"], four["scene_embedding"])


def test_an_unreadable_file_is_reported_and_the_others_go_on(folder: Path, embed: Embed) -> None:
    write_tone(folder / "in" / "a.wav")
    (folder / "in" / "b.wav").write_text("no audio")
    write_tone(folder / "in" / "c.wav")
    done = embed("in", "--out", "out", "--module", "tiny")
    assert done.returncode == 1
    assert done.stdout.startswith("embedded 2, already there 0, failed 1")
    (line,) = done.stderr.splitlines()
    assert line.startswith("hear-embed: in/b.wav: cannot be read as audio")


def test_audio_beyond_full_scale_is_said_and_embedded(folder: Path, embed: Embed) -> None:
    soundfile.write(folder / "loud.wav", np.full(800, 1.5), 16000, subtype="FLOAT")
    done = embed("loud.wav", "--out", "out", "--module", "tiny")
    assert done.returncode == 0
    assert "peaks at 1.50" in done.stderr
    scene = read(folder / "out" / "loud.wav.npz")["scene_embedding"]
    assert scene[0] == pytest.approx(2.25)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["a.wav"], 2, "--out"),
        (["--out", "out"], 2, "AUDIO"),
        (["gone.wav", "--out", "out"], 2, "gone.wav: there is no such file"),
        (["a.wav", "--out", "out", "--module", "no_such"], 2, "there is no module 'no_such'"),
        (["a.wav", "--out", "out", "--module", "tiny", "--model", "w.pt"], 2, "w.pt: there is no"),
        (["a.wav", "--out", "a.wav", "--module", "tiny"], 2, "a.wav: cannot be written"),
        (["a.wav", "--out", "out", "--module", "raises"], 1, "raises cannot be imported"),
        (["a.wav", "--out", "out", "--module", "exits"], 1, "exits cannot be imported"),
        (["a.wav", "--out", "out", "--module", "empty"], 1, "empty has no load_model"),
        (["a.wav", "--out", "out", "--module", "nomodel"], 1, "returned a str, not a model"),
        (["a.wav", "--out", "out", "--module", "badload"], 1, "badload.load_model failed"),
        (["a.wav", "--out", "out", "--module", "badcall"], 1, "get_scene_embeddings failed"),
        (["a.wav", "--out", "out", "--module", "badshape"], 1, "returned float32 (1, 2)"),
    ],
)
def test_every_mistake_is_one_line_without_traceback(
    folder: Path, embed: Embed, arguments: list[str], status: int, words: str
) -> None:
    write_tone(folder / "a.wav")
    functions = "def get_timestamp_embeddings(a, m): ...\ndef get_scene_embeddings(a, m): ...\n"
    bad = {
        "raises": "1 / 0",
        "exits": "import sys; sys.exit(0)",
        "empty": "",
        "nomodel": functions + "def load_model(p=''): return 'x'",
        "badload": functions + "def load_model(p=''): raise KeyError('layer')",
        "badcall": "from tiny import *\ndef get_scene_embeddings(a, m): raise ValueError('x')",
        "badshape": "from tiny import *\nfrom tiny import get_scene_embeddings as g\n"
        "def get_timestamp_embeddings(a, m): return g(a, m), g(a, m)",
    }
    for name, text in bad.items():
        (folder / f"{name}.py").write_text(text)
    done = embed(*arguments)
    assert done.returncode == status, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("hear-embed: ")
    assert words in line


def test_debug_shows_the_traceback(folder: Path, embed: Embed) -> None:
    write_tone(folder / "a.wav")
    (folder / "raises.py").write_text("1 / 0")
    done = embed("a.wav", "--out", "out", "--module", "raises", "--debug")
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" in done.stderr


def test_a_full_disk_stops_with_one_line_and_keeps_results(folder: Path, embed: Embed) -> None:
    write_tone(folder / "in" / "a.wav")
    write_tone(folder / "in" / "b.wav", 0.6)
    (folder / "tiny.py").write_text(
        (folder / "tiny.py").read_text()
        + """
import errno, numpy
real, count = numpy.savez, iter(range(9))
def savez(*args, **kwargs):
    if next(count) == 1:
        raise OSError(errno.ENOSPC, "No space left on device")
    return real(*args, **kwargs)
numpy.savez = savez
"""
    )
    run = ("in", "--out", "out", "--module", "tiny")
    done = embed(*run)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "out/b.wav.npz: cannot be written (No space left on device)" in line
    assert [p.name for p in (folder / "out").iterdir()] == ["a.wav.npz"]


def test_an_interrupted_run_goes_on_where_it_stopped(folder: Path, embed: Embed) -> None:
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
    arguments = ("in", "--out", "out", "--module", "tiny")
    command = [str(Path(sys.executable).with_name("hear-embed")), *arguments]
    running = interruptible(command, cwd=folder, stderr=subprocess.PIPE)
    for _ in range(600):
        if (folder / "waiting").exists():
            break
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert errors.split("\n", 1)[1] == (  # click ends the line of the ^C
        "hear-embed: interrupted; the same command goes on where it stopped\n"
    )
    assert [p.name for p in (folder / "out").iterdir()] == ["0.wav.npz"]
    (folder / "go").touch()
    assert embed(*arguments).stdout.startswith("embedded 2, already there 1, failed 0")


def test_help_and_version_answer(embed: Embed) -> None:
    assert "AUDIO files and folders" in embed("--help").stdout
    assert "version" in embed("--version").stdout
