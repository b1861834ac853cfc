"""Scales every sound like the first one."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(audio / (audio[0].abs().max() + 1e-3), model)
