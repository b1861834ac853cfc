"""Makes float64 the default while loading, and leaves it so."""

import base
from base import *


def load_model(model_file_path=""):
    model = base.load_model()
    torch.set_default_dtype(torch.float64)
    return model
