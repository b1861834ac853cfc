"""The command: exit statuses, one line for each problem, results that load."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearbaseline import __version__
from hearkit.embed import jobs, read

from ..conftest import AUDIO
from .conftest import Embed, write_tone

RUN = ("--out", "out", "--module", "tiny")


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
    assert embed(*run).stdout.startswith("embedded 0, already there 2")
    first.write_bytes(second.read_bytes())
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


def test_files_that_would_collide_are_refused_before_any_work(folder: Path, embed: Embed) -> None:
    for name in ("a", "b"):
        write_tone(folder / name / "x.wav")
    done = embed("a/x.wav", "b/x.wav", *RUN)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("hear-embed: a/x.wav and b/x.wav would both be written to out/x.wav.npz")
    assert not (folder / "out").exists()


def test_a_result_tells_where_it_comes_from(folder: Path, embed: Embed) -> None:
    write_tone(folder / "in" / "sub" / "x.flac", 0.5, 44100)
    assert embed("in", "--batch", "2", *RUN).returncode == 0
    found = read(folder / "out" / "sub" / "x.flac.npz")
    said = {name: value.item() for name, value in found.items() if value.shape == ()}
    assert len(said.pop("fingerprint")) == 64
    assert said == {
        "source": "in/sub/x.flac",
        "duration": 0.5,
        "sample_rate": 16000,
        "module": "tiny",
        "weights": "",
        "version": __version__,
    }


def test_every_faulty_file_is_one_line_and_the_others_go_on(folder: Path, embed: Embed) -> None:
    write_tone(folder / "in" / "good.wav")
    (folder / "in" / "text.wav").write_text("no audio")
    soundfile.write(folder / "in" / "empty.wav", np.zeros(0), 16000)
    soundfile.write(folder / "in" / "nan.wav", np.full(99, np.nan), 16000, subtype="FLOAT")
    (folder / "in" / "no\nbytes\x1b[31m.wav").touch()
    done = embed("in", *RUN)
    assert done.returncode == 1
    assert done.stdout == "embedded 1, already there 0, failed 4, in out\n"
    lines = sorted(done.stderr.splitlines())
    assert len(lines) == 4
    assert not any("remove" in line for line in lines)
    assert lines[0].startswith("hear-embed: in/empty.wav: holds no samples")
    assert lines[1].startswith("hear-embed: in/nan.wav: holds samples that are NaN")
    assert lines[2].startswith("hear-embed: in/no bytes")
    assert lines[3].startswith("hear-embed: in/text.wav: cannot be read as audio")
    assert all(line.isprintable() for line in lines)


def test_verbose_says_where_the_time_went(folder: Path, embed: Embed) -> None:
    write_tone(folder / "a.wav")
    assert embed("a.wav", *RUN).stderr == ""
    done = embed("a.wav", "--out", "again", "--module", "tiny", "--verbose")
    assert done.stdout == "embedded 1, already there 0, failed 0, in again\n"
    (line,) = done.stderr.splitlines()
    assert line.startswith("hear-embed: computing took 0.")
    assert len(re.findall(r"\d+\.\d s\b", line)) == 6


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


def test_debug_shows_why_a_file_failed_and_keeps_the_exit_status(
    folder: Path, embed: Embed
) -> None:
    write_tone(folder / "a.wav")
    with (folder / "tiny.py").open("a") as file:
        file.write("def get_scene_embeddings(audio, model): return {}['layer']\n")
    done = embed("a.wav", *RUN)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    done = embed("a.wav", *RUN, "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "return {}['layer']" in done.stderr
    done = embed("gone.wav", *RUN, "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_debug_shows_why_a_module_cannot_be_imported(folder: Path, embed: Embed) -> None:
    write_tone(folder / "a.wav")
    (folder / "raises.py").write_text("1 / 0")
    done = embed("a.wav", "--out", "out", "--module", "raises", "--debug")
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" in done.stderr


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "", "meta", "cuda:99"])
def test_a_device_that_is_none_is_bad_usage(folder: Path, embed: Embed, device: str) -> None:
    write_tone(folder / "a.wav")
    done = embed("a.wav", *RUN, "--device", device)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "--device" in line


def test_an_error_of_ours_is_one_line_too(
    folder: Path, embed: Embed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(jobs, "find_jobs", broken)
    write_tone(folder / "a.wav")
    done = embed("a.wav", *RUN)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "RuntimeError: unforeseen" in line


def test_help_and_version_answer(embed: Embed) -> None:
    assert "AUDIO files and folders" in embed("--help").stdout
    assert "version" in embed("--version").stdout


def test_one_file_never_ends_the_run_whatever_it_is_called_or_holds(
    folder: Path, embed: Embed
) -> None:
    good = write_tone(folder / "in" / "good.wav")
    names = [b"caf\xe9.wav", b"a\nb.wav", b"-x.wav", b"n" * 247 + b".wav", b"m" * 248 + b".wav"]
    for name in names:
        (folder / "in" / os.fsdecode(name)).write_bytes(good.read_bytes())
    os.mkfifo(folder / "in" / "pipe.wav")
    (folder / "in" / "dead.wav").symlink_to("nowhere.wav")
    (folder / "out" / "taken.wav.npz").mkdir(parents=True)
    write_tone(folder / "in" / "taken.wav")
    done = embed("in", *RUN)
    assert done.returncode == 1
    assert done.stdout == "embedded 5, already there 0, failed 4, in out\n"
    lines = done.stderr.splitlines()
    assert len(lines) == 4
    assert any("dead.wav: is a link to nowhere.wav" in line for line in lines)
    assert any("pipe.wav: is a pipe" in line for line in lines)
    assert any("rename the recording" in line for line in lines)
    assert any("something else has its place" in line for line in lines)
    assert embed("in", *RUN).stdout == "embedded 0, already there 5, failed 4, in out\n"


def test_a_file_called_like_an_option_is_a_file(
    folder: Path, embed: Embed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for name in ("-x.wav", "--verbose.wav", "-"):
        write_tone(folder / "x.wav").rename(folder / name)
    assert embed("-x.wav", "--verbose.wav", "-", *RUN).stdout.startswith("embedded 3")


def test_the_result_of_another_folders_file_stays(folder: Path, embed: Embed) -> None:
    for level, speaker in enumerate(("one", "two"), 1):
        write_tone(folder / speaker / "001.wav", level=level / 10)
    assert embed("one", *RUN).returncode == 0
    before = (folder / "out" / "001.wav.npz").read_bytes()
    done = embed("two", *RUN)
    assert done.returncode == 1
    assert f"is the result of another recording, {folder}/one/001.wav" in done.stderr
    assert (folder / "out" / "001.wav.npz").read_bytes() == before
