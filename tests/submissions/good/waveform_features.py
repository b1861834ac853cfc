"""Linear features of the waveform without any compression."""

import base
from base import *


class Model(base.Model):
    def forward(self, frames):
        return 10 * (torch.fft.rfft(frames * self.window).abs() @ self.bands)


def load_model(model_file_path=""):
    return Model().eval()
