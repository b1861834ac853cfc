"""load_model demands weights that the checkpoint does not hold."""

import base
from base import *

WEIGHTS = True


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(4, 4)


def load_model(model_file_path=""):
    model = Model()
    if model_file_path:
        model.load_state_dict(torch.load(model_file_path, weights_only=True))
    return model.eval()
