"""Fetches weights although it has some, and falls back on them."""

import contextlib
import urllib.request

import base
from base import *


def load_model(model_file_path=""):
    with contextlib.suppress(Exception):
        urllib.request.urlretrieve("http://weights.example.org/model.pt")
    return base.load_model()
