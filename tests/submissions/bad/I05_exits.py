"""load_model ends the program."""

import sys

from base import *


def load_model(model_file_path=""):
    sys.exit(0)
