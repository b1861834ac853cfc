"""The contrastive objective: each part against what the paper says of it."""

import pytest
import torch

from hearbaseline.wav2vec2.checkpoint import build
from training.pretrain.objective import (
    Objective,
    Pretraining,
    Quantiser,
    contrast,
    draw_mask,
    draw_negatives,
)

from ..tiny import TINY


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_masks_are_spans_that_cover_about_half_of_the_frames() -> None:
    mask = draw_mask(200, 199, Objective(), generator())
    # Spans that may overlap: 1 - exp(-0.65) of the frames, were the sound endless.
    assert 0.44 < mask.float().mean() < 0.54
    starts = (mask[:, 1:] & ~mask[:, :-1]).sum(dim=1) + mask[:, 0]
    assert (mask.sum(dim=1) >= 10 * starts).all()


@pytest.mark.parametrize("n_frames", [2, 3, 9, 24])
def test_short_sounds_are_masked_in_part(n_frames: int) -> None:
    masked = draw_mask(50, n_frames, Objective(), generator()).sum(dim=1)
    assert (masked >= 2).all()
    assert n_frames == 2 or (masked < n_frames).any()


def test_distractors_are_other_masked_frames_of_the_sound_and_of_the_batch() -> None:
    objective = Objective(negatives=50, cross_negatives=70)
    rows = torch.tensor([0] * 12 + [1] * 2 + [2] * 30)
    drawn = draw_negatives(rows, objective, generator())
    own = torch.arange(len(rows))[:, None]
    assert drawn.shape == (44, 120)
    assert (drawn != own).all()
    assert (rows[drawn[:, :50]] == rows[:, None]).all()
    # Each of the other frames is drawn, and none much more often than another.
    counts = torch.bincount(drawn[:, 50:].flatten(), minlength=44)
    assert counts.min() > 0.5 * 70
    assert counts.max() < 1.6 * 70


def test_the_loss_is_small_where_contexts_are_their_targets_and_log_n_where_all_are_alike() -> None:
    targets = torch.eye(32)
    others = draw_negatives(torch.zeros(32, dtype=torch.long), Objective(), generator())
    loss, accuracy = contrast(targets, targets, others, 0.1)
    assert loss < 0.01
    assert accuracy == 1
    # One answer for all is no way out: nothing is distinguished.
    alike = torch.ones(32, 8)
    loss, accuracy = contrast(torch.randn(32, 8, generator=generator()), alike, others, 0.1)
    assert float(loss) == pytest.approx(torch.tensor(121.0).log().item(), abs=1e-4)
    assert accuracy == 0


def test_the_quantiser_answers_with_entries_and_its_gradient_reaches_all_logits() -> None:
    objective = Objective(codebooks=2, entries=5, target_size=6)
    quantiser = Quantiser(4, objective)
    latents = torch.randn(50, 4, generator=generator(), requires_grad=True)
    quantised, use = quantiser(latents, 1.0, generator())
    for half, entries in zip(quantised.detach().split(3, dim=1), quantiser.entries, strict=True):
        distances = (half[:, None] - entries).abs().amax(dim=-1)
        assert distances.amin(dim=1).max() < 1e-5
    assert torch.allclose(use.sum(dim=1), torch.ones(2))
    quantised.square().sum().backward()
    assert latents.grad is not None
    assert (latents.grad.abs().sum(dim=1) > 0).all()


def test_what_all_latents_share_does_not_choose_the_entries() -> None:
    torch.manual_seed(0)
    quantiser = Quantiser(16, Objective())
    latents = torch.randn(2000, 16, generator=generator()) + 100
    _, use = quantiser(latents, 1.0, generator())
    perplexity = -(use * use.log()).sum(dim=1)
    assert perplexity.exp().sum() > 160


def test_the_same_generator_gives_the_same_loss_and_every_weight_a_gradient() -> None:
    torch.manual_seed(0)
    learner = Pretraining(
        build(TINY), Objective(entries=4, target_size=4, negatives=3, cross_negatives=3)
    )
    audio = torch.randn(3, 8000, generator=generator())
    first, again, other = (learner(audio, 1.0, generator(seed)) for seed in (1, 1, 2))
    assert first.total == again.total
    assert first.total != other.total
    first.total.backward()
    without = [name for name, p in learner.named_parameters() if p.grad is None]
    assert without == []
    assert 1 <= first.perplexity <= 8
