"""Sums up a loss, and with it the graphs of all calls."""

import base
from base import *


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(SIZE))
        self.total = 0.0

    def forward(self, frames):
        return super().forward(frames) * self.gain


def load_model(model_file_path=""):
    return Model().eval()


def get_scene_embeddings(audio, model):
    scenes = model(frame(audio)).mean(1)
    model.total = model.total + scenes.mean()
    return scenes.detach()
