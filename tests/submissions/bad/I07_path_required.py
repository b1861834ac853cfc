"""load_model cannot be called without an argument."""

import base
from base import *


def load_model(model_file_path):
    return base.load_model(model_file_path)
