"""load_model returns the state dict."""

import base
from base import *


def load_model(model_file_path=""):
    return base.load_model(model_file_path).state_dict()
