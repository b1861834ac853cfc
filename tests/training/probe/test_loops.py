"""Drum loops: hits where the table says, drums of one author, and a task that hear-eval takes."""

import csv
from pathlib import Path

import numpy as np
import pytest

from training.probe.loops import EVENT_MS, SAMPLE_RATE, kits, play, write


def click(level: float) -> np.ndarray:
    """Silence, then a short burst."""
    sound = np.zeros(2000, np.float32)
    sound[500:700] = level
    return sound


def test_a_drummer_has_a_kick_and_a_snare() -> None:
    labels = ["kick", "snare", "ride", "hand_drum", "kick"]
    found = kits([click(1)] * 5, labels, ["a", "a", "a", "a", "b"])
    assert list(found) == ["a"]
    assert set(found["a"]) == {"kick", "snare", "cymbal"}


def test_hits_are_heard_where_the_table_says(tmp_path: Path) -> None:
    kit = {"kick": [click(0.5)], "snare": [click(0.1)]}
    loop = play(kit, np.random.default_rng(3))
    first = round(loop.hits[0][1] * SAMPLE_RATE / 1000)
    assert not loop.audio[: first - 1].any()
    assert abs(loop.audio[first + 1]) > 0.01
    assert len(loop.hits) > 10
    assert [begin for _, begin in loop.hits] == sorted(begin for _, begin in loop.hits)

    table = write({"x": kit, "y": kit}, tmp_path, 2)
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["path"] for row in rows} == {"00_00.wav", "00_01.wav", "01_00.wav", "01_01.wav"}
    assert {row["group"] for row in rows} == {"x", "y"}
    for row in rows:
        assert float(row["end"]) - float(row["start"]) == pytest.approx(EVENT_MS)
        assert (tmp_path / row["path"]).is_file()
