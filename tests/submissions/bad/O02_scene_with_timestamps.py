"""The scene function returns timestamps as well."""

import base
from base import *


def get_scene_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings.mean(1), timestamps
