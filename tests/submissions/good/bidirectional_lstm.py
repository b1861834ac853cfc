"""A bidirectional LSTM over the frames."""

import base
from base import *
from drawn import fill


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.LayerNorm(SIZE, elementwise_affine=False)
        self.recurrent = torch.nn.LSTM(SIZE, SIZE // 2, bidirectional=True, batch_first=True)

    def forward(self, frames):
        return self.recurrent(self.norm(super().forward(frames)))[0]


def load_model(model_file_path=""):
    return fill(Model())
