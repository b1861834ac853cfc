"""What espeak-ng says, and when: the program itself."""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import babel
import numpy as np
import pytest
from click.testing import CliRunner

from training.phones import espeak
from training.phones.command import main
from training.phones.espeak import Espeak, EspeakError, Said
from training.phones.kept import Speech
from training.phones.render import at_16_khz, plain, utterances
from training.phones.texts import names

NEEDS = ("espeak-ng", "babel")


def test_phones_of_a_word_are_where_they_sound() -> None:
    voice = Espeak()
    said = voice.say("sea, sea", "en-us", rate=150, pitch=50, spread=50)
    phones = [(begin, plain(phone)) for begin, phone in said.phones if plain(phone)]
    assert [phone for _, phone in phones] == ["s", "i", "s", "i"]

    def brightness(begin: int, end: int) -> float:
        """Of what sounds between two samples, Hz."""
        power = np.abs(np.fft.rfft(said.samples[begin:end])) ** 2
        hertz = np.fft.rfftfreq(end - begin, 1 / voice.sample_rate)
        return float((power * hertz).sum() / power.sum())

    begins = [begin for begin, _ in phones]
    hiss, vowel = brightness(begins[0], begins[1]), brightness(begins[1] + 500, begins[1] + 2500)
    assert hiss > 3000 > 1500 > vowel


def test_voices_say_something_in_many_languages() -> None:
    some = list(islice(utterances(Espeak(), 5), 8))
    assert len({each.language for each in some}) >= 5
    for each in some:
        assert len(each.phones) == len(each.samples) // 320 + 1
        assert 5 * 16000 <= len(each.samples) < 60 * 16000
        assert len(set(each.phones)) > 10


def test_a_mark_belongs_to_the_phone_before_it() -> None:
    said = Said(np.zeros(16000, np.int16), [(0, ""), (1600, "t"), (4800, "ʲ"), (8000, "")])
    _, phones = at_16_khz(said, 16000)
    assert phones == [""] * 5 + ["t"] * 20 + [""] * 26


def test_it_is_silent_where_there_is_no_phone() -> None:
    for each in islice(utterances(Espeak(), 1), 6):
        frames = each.samples[: len(each.samples) // 320 * 320].astype(float).reshape(-1, 320)
        power = np.square(frames).mean(axis=1)
        spoken = np.array([phone != "" for phone in each.phones[: len(power)]])
        # But for the frames at the edges of a pause.
        assert np.quantile(power[spoken], 0.2) > 1000 * np.quantile(power[~spoken], 0.2)


def test_languages_that_cldr_knows() -> None:
    assert "Germany" in names("en-us")
    assert "Deutschland" in names("de")
    assert "Germany" not in names("de")
    assert not names("qya")  # Quenya, which espeak-ng says
    assert not names("xx")


def test_marks_are_no_part_of_a_phone() -> None:
    phones = {"i\u02d0": "i", "\u02c8tʃʰ": "tʃ", "ã": "a", "aa": "a", "n̩": "n", "": ""}
    assert {phone: plain(phone) for phone in phones} == phones


def test_the_command_renders_the_same_again(tmp_path: Path) -> None:
    """In a process of its own: espeak-ng goes on with its noise from what it said before."""
    for name in ("first", "again"):
        command = [sys.executable, "-m", "training.phones", "--data", str(tmp_path / name)]
        done = subprocess.run([*command, "--hours", "0.02"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "phones: 0.02 h, " in done.stdout
    first, again = (Speech.read(tmp_path / name / "phones") for name in ("first", "again"))
    np.testing.assert_array_equal(first.audio, again.audio)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert first.starts[-1] == len(first.audio) >= 0.02 * 3600 * 16000
    assert first.first_labels[-1] == len(first.labels)
    index = (tmp_path / "first/phones/index.json").read_text("utf-8")
    made_by = {"espeak-ng": Espeak().version(), "Babel": babel.__version__, "seed": 0}
    assert json.loads(index)["made by"] == made_by


def test_without_the_program_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(espeak, "LIBRARY", "libno-such.so")
    with pytest.raises(EspeakError, match="apt-get install espeak-ng"):
        Espeak()
    result = CliRunner().invoke(main, ["--data", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
