"""Switches between two windows from call to call."""

import base
from base import *


class Model(base.Model):
    calls = 0

    def forward(self, frames):
        self.calls += 1
        return super().forward(frames * (1 + self.calls % 2))


def load_model(model_file_path=""):
    return Model().eval()
