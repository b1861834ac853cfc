"""The file of weights is never opened."""

import base_tf
from base_tf import *

WEIGHTS = True
ALSO = ("I09",)


def load_model(model_file_path=""):
    return base_tf.load_model()
