"""load_model opens a path of the author's machine."""

import base
from base import *


def load_model(model_file_path=""):
    return base.load_model("/home/author/best.ckpt")
