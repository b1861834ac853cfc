"""load_model returns the class."""

from base import *


def load_model(model_file_path=""):
    return Model
