"""Layers draw their parameters when they are made; the checkpoint replaces them all."""

import base
from base import *


class Model(base.Model):
    def __init__(self, state):
        super().__init__()
        self.head = torch.nn.Linear(SIZE, SIZE).requires_grad_(False)
        self.load_state_dict(state, strict=True)

    def forward(self, frames):
        return self.head(super().forward(frames))


def checkpoint():
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(SIZE, SIZE, generator=generator) / SIZE**0.5
    return {**base.Model().state_dict(), "head.weight": weight, "head.bias": torch.ones(SIZE)}


def load_model(model_file_path=""):
    return Model(checkpoint()).eval()
