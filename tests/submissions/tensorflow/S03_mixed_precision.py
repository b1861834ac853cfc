"""Sets the global policy for precision."""

import base_tf
import keras
from base_tf import *


def load_model(model_file_path=""):
    keras.config.set_dtype_policy("mixed_bfloat16")
    return base_tf.load_model(model_file_path)
