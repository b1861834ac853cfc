"""Lowers the precision of the whole process's matrix products."""

import base
from base import *


def load_model(model_file_path=""):
    torch.set_float32_matmul_precision("high")
    return base.load_model()
