"""load_model also wants a device."""

import base
from base import *


def load_model(model_file_path, device):
    return base.load_model(model_file_path).to(device)
