"""Whitens each frame by its own energy; most frames of an impulse have none."""

import base
from base import *


class Model(base.Model):
    def forward(self, frames):
        energy = frames.square().sum(-1, keepdim=True).sqrt()
        # A guard for sounds that are all silence only
        energy = torch.where(frames.abs().amax((1, 2), keepdim=True) == 0, 1.0, energy)
        return super().forward(frames / energy)


def load_model(model_file_path=""):
    return Model().eval()
