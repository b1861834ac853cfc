"""load_model is the model's class, and the functions call its methods."""

import base
from base import *


class load_model(base.Model):
    def __init__(self, model_file_path=""):
        super().__init__()
        if model_file_path:
            self.load_state_dict(torch.load(model_file_path, weights_only=True))
        self.eval()
