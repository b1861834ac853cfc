"""Dropout is left in training mode, and timestamps are seconds."""

import base
from base import *

ALSO = {"S02", "T01"}


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.dropout = torch.nn.Dropout(0.1)

    def forward(self, frames):
        return self.dropout(super().forward(frames))


def load_model(model_file_path=""):
    return Model()


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps / 1000
