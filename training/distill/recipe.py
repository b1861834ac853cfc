"""Everything that decides what a run learns."""

from __future__ import annotations

from dataclasses import dataclass, field

from hearbaseline.general.network import Sizes
from training.distill.batches import Crops
from training.distill.objective import Objective


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a run learns.

    Attributes:
        steps: Updates.
        warmup: Updates at the start in which the learning rate grows.
        decay: Share of the updates, at the end, in which it falls to zero.
        learning_rate: Between the two.
        weight_decay: Of matrices, not of biases and norms.
        clip: Greatest norm of the gradient.
        average: Share of the averaged weights that stays with each update.
        seed: Of weights, crops, disturbances and what is hidden.
        sizes, objective, crops: The model, its lessons and its audio.
    """

    steps: int = 16000
    warmup: int = 200
    decay: float = 0.3
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.998
    seed: int = 0
    sizes: Sizes = field(default_factory=Sizes)
    objective: Objective = field(default_factory=Objective)
    crops: Crops = field(default_factory=Crops)

    def learning_rate_at(self, step: int) -> float:
        """Warm up, hold, decay."""
        rising = (step + 1) / max(1, self.warmup)
        falling = (self.steps - step) / max(1.0, self.decay * self.steps)
        return self.learning_rate * min(1.0, rising, falling)

    @property
    def held_until(self) -> int:
        """The step from which the learning rate falls; before it, nothing depends on `steps`."""
        return int((1 - self.decay) * self.steps)
