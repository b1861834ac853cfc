"""Waits for ever when a batch is larger than its queue."""

import time

import base
from base import *

OPTIONS = {"timeout_s": 8.0}


def get_scene_embeddings(audio, model):
    while len(audio) > 8:
        time.sleep(0.1)
    return base.get_scene_embeddings(audio, model)
