"""load_model returns the model and its configuration."""

import base
from base import *


def load_model(model_file_path=""):
    return base.load_model(model_file_path), {"sample_rate": 16000}
