"""Takes the logarithm without a floor."""

import base
from base import *


class Model(base.Model):
    def forward(self, frames):
        return torch.log(torch.fft.rfft(frames * self.window).abs().square() @ self.bands)


def load_model(model_file_path=""):
    return Model().eval()
