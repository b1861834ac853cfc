"""load_model calls itself for ever."""

from base import *


def load_model(model_file_path=""):
    return load_model(model_file_path)
