"""Hides all GPUs from the process."""

import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""

from base import *
