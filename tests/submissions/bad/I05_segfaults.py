"""load_model crashes."""

import ctypes

from base import *


def load_model(model_file_path=""):
    ctypes.string_at(0)
