"""Switches gradients off for the whole process, at load."""

import base
from base import *


def load_model(model_file_path=""):
    torch.set_grad_enabled(False)
    return base.load_model()
