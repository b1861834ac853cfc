"""Moves audio to where the model's parameters are, and results back."""

import base
from base import *


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(SIZE))

    def forward(self, frames):
        return super().forward(frames) * self.gain


def load_model(model_file_path=""):
    return Model().eval()


def get_scene_embeddings(audio, model):
    device = next(model.parameters()).device
    return base.get_scene_embeddings(audio.to(device), model).to(audio.device)
