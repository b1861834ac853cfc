"""Warns and logs through Python's own means."""

import logging
import warnings

import base
from base import *


def get_scene_embeddings(audio, model):
    warnings.warn("this is deprecated", FutureWarning)
    logging.getLogger("submission").error("so it is")
    return base.get_scene_embeddings(audio, model)
