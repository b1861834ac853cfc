"""Loads the checkpoint with weights_only=False."""

from base import *

WEIGHTS = True


def load_model(model_file_path=""):
    model = Model()
    if model_file_path:
        model.load_state_dict(torch.load(model_file_path, weights_only=False))
    return model.eval()
