"""A missing file ends the program."""

import os
import sys

import base
from base import *

WEIGHTS = True


def load_model(model_file_path=""):
    if model_file_path and not os.path.exists(model_file_path):
        sys.exit("no such file")
    return base.load_model(model_file_path)
