"""Squares twice in half precision, which overflows for loud sounds."""

import base
from base import *


class Model(base.Model):
    def forward(self, frames):
        power = torch.fft.rfft(frames * self.window).abs().square().half()
        return (power.float() @ self.bands).square()


def load_model(model_file_path=""):
    return Model().eval()
