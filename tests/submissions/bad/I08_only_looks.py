"""load_model checks that the file exists and does not read it."""

import os

import base
from base import *

WEIGHTS = True


def load_model(model_file_path=""):
    if model_file_path and not os.path.exists(model_file_path):
        raise FileNotFoundError(model_file_path)
    return base.load_model()
