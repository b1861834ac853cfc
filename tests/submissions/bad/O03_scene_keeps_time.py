"""Scene embeddings still have their time axis."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return base.get_timestamp_embeddings(audio, model)[0]
