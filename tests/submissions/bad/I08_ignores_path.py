"""load_model ignores the path."""

import base
from base import *

WEIGHTS = True
ALSO = {"I09"}


def load_model(model_file_path=""):
    return base.load_model()
