"""Batch normalisation by the statistics of the moment."""

import base
from base import *

ALSO = ("L02",)


class Model(base.Model):
    def forward(self, frames):
        embeddings = super().forward(frames).transpose(1, 2)
        return torch.nn.functional.batch_norm(embeddings, None, None, training=True).transpose(1, 2)


def load_model(model_file_path=""):
    return Model().eval()
