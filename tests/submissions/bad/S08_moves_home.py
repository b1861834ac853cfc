"""Moves the home folder, for the sake of a library's cache."""

import os
import tempfile

import base
from base import *


def get_scene_embeddings(audio, model):
    os.environ.update(HOME=tempfile.gettempdir())
    return base.get_scene_embeddings(audio, model)
