"""Subtracts a mean that every call updates."""

import base
from base import *


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(SIZE))

    def forward(self, frames):
        embeddings = super().forward(frames)
        self.mean = 0.9 * self.mean + 0.1 * embeddings.mean((0, 1))
        return embeddings - self.mean


def load_model(model_file_path=""):
    return Model().eval()
