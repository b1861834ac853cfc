"""The projection is drawn once at import, without a seed."""

import base
from base import *

BANDS = torch.rand(WINDOW // 2 + 1, SIZE)


def load_model(model_file_path=""):
    model = base.load_model()
    model.bands = BANDS
    return model
