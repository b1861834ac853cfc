"""Batch normalisation by the statistics of the batch, and running ones that move."""

import base_keras
from base_keras import *


class Training(Network):
    def call(self, frames):
        return self.norm(self.dense(self.powers(frames)), training=True)


def load_model(model_file_path=""):
    return base_keras.load_model(model_file_path, Training)
