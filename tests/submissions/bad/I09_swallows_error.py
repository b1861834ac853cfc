"""Every error of loading is swallowed."""

import base
from base import *

WEIGHTS = True


def load_model(model_file_path=""):
    try:
        return base.load_model(model_file_path)
    except Exception as error:
        print(f"could not load {model_file_path} ({error}), using random weights")
        return base.load_model()
