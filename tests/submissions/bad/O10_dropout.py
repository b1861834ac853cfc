"""Dropout is left in training mode."""

from base import *

ALSO = {"S02"}


class Model(Model):
    def __init__(self):
        super().__init__()
        self.dropout = torch.nn.Dropout(0.1)

    def forward(self, frames):
        return self.dropout(super().forward(frames))


def load_model(model_file_path=""):
    return Model()
