"""A call puts the model back into training mode."""

import base
from base import *

ALSO = {"S02"}


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.dropout = torch.nn.Dropout(0.1)

    def forward(self, frames):
        return self.dropout(super().forward(frames))


def load_model(model_file_path=""):
    return Model().eval()


def get_scene_embeddings(audio, model):
    model.train()
    return base.get_scene_embeddings(audio, model)
