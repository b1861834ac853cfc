"""The first hidden state is made on the CPU."""

import base
import drawn
from base import *


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.recurrent = torch.nn.GRU(SIZE, SIZE, batch_first=True)

    def forward(self, frames):
        return self.recurrent(super().forward(frames), torch.zeros(1, len(frames), SIZE))[0]


def load_model(model_file_path=""):
    return drawn.fill(Model()).requires_grad_(False)
