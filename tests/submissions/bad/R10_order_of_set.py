"""Features are concatenated in the order of a set of names."""

import base
from base import *

FEATURES = {f"feature {n}" for n in range(SIZE)}


def load_model(model_file_path=""):
    model = base.load_model()
    order = [int(name.split()[1]) for name in FEATURES]
    model.bands = model.bands[:, order]
    return model
