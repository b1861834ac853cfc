"""Quantises with the range of the whole batch."""

import base
from base import *


class Model(base.Model):
    def forward(self, frames):
        embeddings = super().forward(frames)
        low, high = embeddings.aminmax()
        return ((embeddings - low) / (high - low + 1e-6) * 255).round()


def load_model(model_file_path=""):
    return Model().eval()
