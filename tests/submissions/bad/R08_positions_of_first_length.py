"""Positions are made for the first length and fit no longer one."""

import base
from base import *


class Model(base.Model):
    positions = None

    def forward(self, frames):
        embeddings = super().forward(frames)
        if self.positions is None:
            ramp = torch.linspace(0, 1, embeddings.shape[1], device=frames.device)
            self.positions = ramp[:, None]
        return embeddings + self.positions[: embeddings.shape[1]]


def load_model(model_file_path=""):
    return Model().eval()
