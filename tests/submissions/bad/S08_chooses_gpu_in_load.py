"""Chooses a GPU for the whole process at load."""

import os

import base
from base import *


def load_model(model_file_path=""):
    os.environ["CUDA_VISIBLE_DEVICES"] = "3"
    return base.load_model()
