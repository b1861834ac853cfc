"""Demands deterministic algorithms of the whole process."""

import base
from base import *


def load_model(model_file_path=""):
    torch.use_deterministic_algorithms(True, warn_only=True)
    return base.load_model()
