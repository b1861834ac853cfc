"""load_model ends the process without a word."""

import os

from base import *


def load_model(model_file_path=""):
    os._exit(0)
