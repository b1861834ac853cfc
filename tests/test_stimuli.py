"""The audio that checks embed, and the expressions that reproduce it."""

import numpy as np
import pytest

from validator import stimuli
from validator.stimuli import Stimulus

RATE = 16000

NOISE = stimuli.noise(2, 160, 3)

STIMULI = (
    NOISE,
    stimuli.noise(1, 100, 0, level=0.9),
    stimuli.constant(2, 50, 0.0),
    stimuli.constant(2, 50, 0.5),
    stimuli.clipped(3, 70, 1),
    stimuli.impulse(2, 11),
    stimuli.recorded(RATE, 20_000),
    stimuli.recorded(44100, 1000),
    stimuli.bursts(RATE, RATE, (0.0, 0.123456, 0.999), 2),
    NOISE.pick(1),
    NOISE.pick(1, 0, 1),
    NOISE.cut(7),
    NOISE.followed_by(stimuli.clipped(1, 160)),
    NOISE.plus(stimuli.impulse(2, 160)),
    NOISE.pick(0).followed_by(NOISE.plus(NOISE).pick(1)).cut(30),
)


@pytest.mark.parametrize("stimulus", STIMULI, ids=lambda s: s.name)
def test_the_expression_makes_the_audio(stimulus: Stimulus) -> None:
    names = {
        "np": np,
        "recordings": stimuli.recordings,
        "burst_train": stimuli.burst_train,
    }
    made = eval(stimulus.code, names)
    assert made.dtype == stimulus.audio.dtype
    np.testing.assert_array_equal(made, stimulus.audio)


@pytest.mark.parametrize("stimulus", STIMULI, ids=lambda s: s.name)
def test_audio_is_as_the_contract_says(stimulus: Stimulus) -> None:
    assert stimulus.audio.dtype == np.float32
    assert stimulus.audio.ndim == 2
    assert len(stimulus) == len(stimulus.audio)
    assert stimulus.n_samples == stimulus.audio.shape[1]
    assert np.abs(stimulus.audio).max(initial=0) <= 1.2  # sums may exceed full scale a little


def test_different_audio_has_different_expressions() -> None:
    assert len({s.code for s in STIMULI}) == len(STIMULI)


def test_a_burst_is_centred_on_its_time() -> None:
    audio = stimuli.burst_train(RATE, RATE, (0.25, 0.75))[0].astype(np.float64)
    numbers = np.arange(RATE)
    for half, time in ((numbers < RATE // 2, 0.25), (numbers >= RATE // 2, 0.75)):
        moved = numbers[half][audio[half] != 0]
        assert (moved.min() + moved.max()) / 2 / RATE == pytest.approx(time, abs=1e-3)
        assert np.ptp(moved) / RATE < 0.006


def test_recordings_differ_and_have_the_length_asked_for() -> None:
    audio = stimuli.recordings(RATE, 48_000)
    assert audio.shape == (5, 48_000)
    assert len({row.tobytes() for row in audio}) == 5
    assert np.abs(audio).max() <= 0.5 + 1e-6
