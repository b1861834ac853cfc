"""Calls the path checkpoint."""

import base
from base import *


def load_model(checkpoint=""):
    return base.load_model(checkpoint)
