"""Each sound is scaled to full level by its own peak."""

import base
from base import *


def scaled(audio):
    return audio / (audio.abs().amax(1, keepdim=True) + 1e-6)


def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(scaled(audio), model)


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(scaled(audio), model)
