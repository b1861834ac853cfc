"""Every subject can be measured, and the commands of the start-up are the real ones."""

import importlib
from pathlib import Path

import pytest
import soundfile
import torch
from torch import Tensor

from benchmarks import startup
from benchmarks.__main__ import SUBJECTS
from benchmarks._measure import Duel, fight
from benchmarks._processes import of_command
from benchmarks.embed import make_clips

NEEDS = ("torchcrepe",)


def test_each_module_is_a_subject_of_one_kind() -> None:
    assert {"mel", "crepe", "wav2vec2", "general", "baselines", "embed", "startup"} <= set(SUBJECTS)
    for name in SUBJECTS:
        module = importlib.import_module(f"benchmarks.{name}")
        assert hasattr(module, "duels") != hasattr(module, "tables")


def test_a_duel_tells_how_far_both_are_from_each_other_and_from_the_limit() -> None:
    class Model(torch.nn.Module):
        sample_rate = 1000

        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(100, 50))

        def ours(self, audio: Tensor) -> Tensor:
            return torch.matmul(audio.reshape(len(audio), -1, 100), self.weight)

        def peer(self, audio: Tensor) -> Tensor:
            return self.ours(audio) + 0 * self.ours(audio)

    model = Model()
    row = fight(Duel("", "", model, 100.0, model.ours, model.peer, ()), (2, 0.9, 3), "cpu")
    frames, counted = 2 * 10, 2 * (2 * 9) * 100 * 50
    assert row.our_operations == counted / frames
    assert row.peer_operations == 2 * row.our_operations
    assert row.relative_error == 0
    assert len(row.ours.turns) == len(row.peer.turns) == 3
    assert 0 < row.our_share < 1.5
    assert row.ratio > 0


def test_clips_are_real_short_and_of_several_rates(tmp_path: Path) -> None:
    seconds = make_clips(tmp_path, 12)
    infos = [soundfile.info(path) for path in sorted(tmp_path.iterdir())]
    assert len(infos) == 12
    assert sum(info.duration for info in infos) == pytest.approx(seconds)
    assert all(0.79 < info.duration < 5.01 for info in infos)
    assert len({info.samplerate for info in infos}) > 2
    assert {info.format for info in infos} == {"WAV", "FLAC"}


def test_start_up_is_measured_of_commands_that_end_well() -> None:
    seconds = of_command(startup.COMMANDS["hear-validate --help"])
    assert seconds.wall > 0
    assert seconds.processor > 0
    assert set(startup._GOALS_S) | set(startup._GOALS_RATIO) <= set(startup.COMMANDS)
