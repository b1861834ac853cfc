"""A table of positions ends after ten seconds."""

import base
from base import *


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.register_buffer("positions", torch.linspace(0, 1, 500)[:, None])

    def forward(self, frames):
        return super().forward(frames) + self.positions[: frames.shape[1]]


def load_model(model_file_path=""):
    return Model().eval()
