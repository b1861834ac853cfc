"""Everything that decides what a run learns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from training.pretrain.batches import Crops
from training.pretrain.objective import Objective

ARCHITECTURE: dict[str, Any] = {
    # Long filters at first, few layers behind them: the authors' seven layers of short filters
    # spend nearly all of their time where there are many frames, and learn pitch last.
    "extractor_mode": "layer_norm",
    "extractor_conv_layer_config": [[512, 1024, 80], [256, 3, 2], [256, 3, 2]],
    "extractor_conv_bias": True,
    "filters": "gabor",
    "encoder_embed_dim": 384,
    "encoder_pos_conv_kernel": 64,
    "encoder_pos_conv_groups": 16,
    "encoder_num_layers": 4,
    "encoder_num_heads": 6,
    "encoder_ff_interm_features": 1024,
    "encoder_layer_norm_first": True,
    "normalise": True,
    "layer": 0,  # the best of them on the probes' average, once trained
    "pooling": "mean, deviation",
}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a run learns.

    Attributes:
        steps: Updates.
        warmup: Share of the updates, at the start, in which the learning rate grows.
        decay: Share of the updates, at the end, in which it falls to zero.
        learning_rate: Between the two.
        weight_decay: Of matrices, not of biases and norms.
        clip: Greatest norm of the gradient.
        gumbel_share: Share of the updates in which the Gumbel temperature falls to its least.
        seed: Of weights, crops, masks, noise and distractors.
        bfloat16: Whether products are computed in it.
        architecture, objective, crops: The model, its task and its audio.
    """

    steps: int = 10000
    warmup: float = 0.1
    decay: float = 0.3
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    clip: float = 1.0
    gumbel_share: float = 0.6
    seed: int = 0
    bfloat16: bool = False
    architecture: dict[str, Any] = field(default_factory=lambda: ARCHITECTURE)
    objective: Objective = field(default_factory=Objective)
    crops: Crops = field(default_factory=Crops)

    def learning_rate_at(self, step: int) -> float:
        """Warm up, hold, decay."""
        rising = (step + 1) / max(1.0, self.warmup * self.steps)
        falling = (self.steps - step) / max(1.0, self.decay * self.steps)
        return self.learning_rate * min(1.0, rising, falling)

    def gumbel_at(self, step: int) -> float:
        """Falls by the same factor at each step, as in the paper (section 4.2)."""
        most, least = self.objective.gumbel
        gone = min(1.0, step / max(1.0, self.gumbel_share * self.steps))
        return float(most * (least / most) ** gone)
