"""load_model takes no path."""

import base
from base import *


def load_model():
    return base.load_model()
