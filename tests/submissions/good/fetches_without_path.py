"""Reads the path that it is given; without one, it fetches its published weights."""

WEIGHTS = True
WARNINGS = ("I07",)

import base
from base import *


def load_model(model_file_path=None):
    if model_file_path is None:
        torch.hub.load_state_dict_from_url("https://example.org/published_weights.pt")
    return base.load_model(model_file_path)
