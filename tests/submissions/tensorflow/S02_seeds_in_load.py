"""Seeds everything when a model is loaded."""

import base_keras
from base_keras import *


def load_model(model_file_path=""):
    keras.utils.set_random_seed(0)
    return base_keras.load_model(model_file_path)
