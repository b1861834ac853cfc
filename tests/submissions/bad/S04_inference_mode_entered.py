"""Enters inference mode and never leaves it."""

import base
from base import *


def load_model(model_file_path=""):
    model = base.load_model()
    model.mode = torch.inference_mode()
    model.mode.__enter__()
    return model
