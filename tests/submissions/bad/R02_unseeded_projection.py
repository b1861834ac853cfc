"""The projection is drawn anew at each load."""

import base
from base import *


def load_model(model_file_path=""):
    model = base.load_model()
    model.bands = torch.rand(WINDOW // 2 + 1, SIZE)
    return model
