"""Sets a variable for a moment, and puts it back."""

import os
from unittest import mock

import base
from base import *


def load_model(model_file_path=""):
    with mock.patch.dict(os.environ, MY_LIBRARY_QUIET="1"):
        return base.load_model()
