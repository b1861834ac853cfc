"""Sizes and sample rate are properties."""

import base
from base import *


class Model(base.Model):
    @property
    def sample_rate(self):
        return SAMPLE_RATE

    @property
    def scene_embedding_size(self):
        return self.bands.shape[1]

    @property
    def timestamp_embedding_size(self):
        return self.bands.shape[1]


def load_model(model_file_path=""):
    model = Model()
    if model_file_path:
        model.load_state_dict(torch.load(model_file_path, weights_only=True))
    return model.eval()
