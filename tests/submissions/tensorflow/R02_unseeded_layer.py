"""The last layer is drawn anew at each load."""

import base_keras
from base_keras import *


class Unseeded(Network):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(SIZE)


def load_model(model_file_path=""):
    return base_keras.load_model(model_file_path, Unseeded)
