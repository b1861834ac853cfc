"""Computes in double precision, on the audio's device."""

import base
from base import *


class Model(base.Model):
    def forward(self, frames):
        power = torch.fft.rfft(frames.double() * self.window).abs().square()
        return torch.log(power @ self.bands.double() + 1e-4).float()


def load_model(model_file_path=""):
    return Model().eval()
