"""Goes to the checkpoint's folder and stays there."""

import os

import base
from base import *


def load_model(model_file_path=""):
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    return base.load_model()
