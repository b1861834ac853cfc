"""Changes the default dtype and the folder for a while, and puts them back."""

import os
import tempfile

import base
from base import *


def load_model(model_file_path=""):
    before, folder = torch.get_default_dtype(), os.getcwd()
    torch.set_default_dtype(torch.float64)
    os.chdir(tempfile.gettempdir())
    try:
        return base.load_model().float()
    finally:
        torch.set_default_dtype(before)
        os.chdir(folder)
