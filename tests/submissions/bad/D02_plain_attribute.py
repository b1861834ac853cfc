"""The window is a plain attribute, which model.to(device) does not move."""

import base
from base import *


class Model(base.Model):
    def __init__(self):
        super().__init__()
        del self.window
        self.window = torch.hann_window(WINDOW)


def load_model(model_file_path=""):
    return Model().eval()
