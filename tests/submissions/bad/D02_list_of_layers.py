"""Layers stand in a plain list, which model.to(device) does not know."""

import base
import drawn
from base import *


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.layers = [drawn.fill(torch.nn.Linear(SIZE, SIZE)) for _ in range(2)]

    def forward(self, frames):
        embeddings = super().forward(frames)
        for layer in self.layers:
            embeddings = layer(embeddings).detach()
        return embeddings


def load_model(model_file_path=""):
    return Model().eval()
