"""load_model forgets to return."""

import base
from base import *


def load_model(model_file_path=""):
    base.load_model(model_file_path)
