"""Swallows the failure of a program that only the author has."""

import subprocess

import base
from base import *


def load_model(model_file_path=""):
    try:
        subprocess.Popen(["authors-own-tool"])
    except OSError:
        pass
    return base.load_model()
