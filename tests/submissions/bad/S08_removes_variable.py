"""Removes the search path of programs."""

import os

import base
from base import *


def load_model(model_file_path=""):
    os.environ.pop("PATH", None)
    return base.load_model()
