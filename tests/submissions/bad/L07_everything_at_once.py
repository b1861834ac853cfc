"""Keeps the frames of the whole sound in double precision, several times."""

import base
from base import *

OPTIONS = {"long": True, "memory_limit_gb": 2.0}


class Model(base.Model):
    def forward(self, frames):
        spectrum = torch.fft.rfft(frames.double() * self.window)
        power = torch.stack([spectrum.real, spectrum.imag]).square().sum(0)
        return torch.log(power @ self.bands.double() + 1e-4).float()


def load_model(model_file_path=""):
    return Model().eval()
