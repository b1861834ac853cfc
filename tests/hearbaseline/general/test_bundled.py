"""The bundled weights: what the contract asks, and notes that are heard."""

from pathlib import Path

import pytest
import torch

from hearbaseline import general
from hearbaseline.general.layers import NOTES

WEIGHTS = Path(__file__).parents[3] / "weights"

LOWEST = 21
"""MIDI's number of A0."""


@pytest.fixture(name="model", scope="module")
def fixture_model() -> general.General:
    return general.load_model()


def tone(note: int) -> torch.Tensor:
    """A second of a note with six partials, shape (1, 16000)."""
    time = torch.arange(16000) / 16000
    number = torch.arange(1, 7)[:, None]
    phase = 2 * torch.pi * number * 440 * 2 ** ((note - 69) / 12) * time
    return (0.1 / number * torch.sin(phase + number)).sum(dim=0, keepdim=True)


def test_it_carries_what_the_contract_asks(model: general.General) -> None:
    assert not model.training
    facts = (model.sample_rate, model.timestamp_embedding_size, model.scene_embedding_size)
    assert facts == (16000, 736, 4168)
    assert all(type(fact) is int for fact in facts)
    assert general.TIMESTAMP_HOP_MS == general.SCENE_HOP_MS == 20.0


@pytest.mark.parametrize("note", [33, 45, 57, 64, 69, 76, 81, 93])
def test_a_notes_name_can_be_read(note: int, model: general.General) -> None:
    frames, _ = general.get_timestamp_embeddings(tone(note), model)
    probabilities = frames[0, 10:40, -NOTES:].mean(dim=0)
    assert LOWEST + int(probabilities.argmax()) == note
    assert probabilities[note - LOWEST] > 0.5


def test_loudness_changes_nothing(model: general.General) -> None:
    loud, quiet = (general.get_scene_embeddings(gain * tone(60), model) for gain in (1.0, 0.03))
    torch.testing.assert_close(quiet, loud, atol=1e-3, rtol=0)


def test_all_weights_have_at_most_30_mb() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 30_000_000
