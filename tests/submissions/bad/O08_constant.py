"""Returns the same embeddings for every sound."""

import base
from base import *


class Model(base.Model):
    def forward(self, frames):
        return torch.ones(*frames.shape[:-1], SIZE, device=frames.device)


def load_model(model_file_path=""):
    return Model().eval()
