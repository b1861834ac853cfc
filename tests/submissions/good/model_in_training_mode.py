"""Stays in training mode, which makes no difference to layers without chance or statistics."""

import base
from base import *
from drawn import fill


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Sequential(torch.nn.Linear(SIZE, SIZE), torch.nn.LayerNorm(SIZE))

    def forward(self, frames):
        return self.layer(super().forward(frames))


def load_model(model_file_path=""):
    return fill(Model()).train()
