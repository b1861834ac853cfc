"""Batch normalisation without running statistics uses the batch's in evaluation too."""

import base
from base import *

ALSO = ("L02",)


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(SIZE, affine=False, track_running_stats=False)

    def forward(self, frames):
        return self.norm(super().forward(frames).transpose(1, 2)).transpose(1, 2)


def load_model(model_file_path=""):
    return Model().eval()
