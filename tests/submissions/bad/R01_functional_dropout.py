"""Calls dropout as a function, which does not know of model.eval()."""

import base
from base import *

ALSO = ("S02",)


class Model(base.Model):
    def forward(self, frames):
        return torch.nn.functional.dropout(super().forward(frames), 0.1)


def load_model(model_file_path=""):
    return Model().eval()
