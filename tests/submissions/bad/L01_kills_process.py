"""A native library ends the process when a sound is too short."""

import os

import base
from base import *


def get_scene_embeddings(audio, model):
    if audio.shape[1] < 0.9 * SAMPLE_RATE:
        os._exit(0)
    return base.get_scene_embeddings(audio, model)
