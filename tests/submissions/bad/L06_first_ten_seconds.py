"""Embeds the first ten seconds only."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(audio[:, : 10 * SAMPLE_RATE], model)


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio[:, : 10 * SAMPLE_RATE], model)
