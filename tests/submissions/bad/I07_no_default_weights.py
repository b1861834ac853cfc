"""load_model has a default path and refuses it."""

import base
from base import *

WEIGHTS = True


def load_model(model_file_path=""):
    if not model_file_path:
        raise ValueError("model_file_path must be given")
    return base.load_model(model_file_path)
