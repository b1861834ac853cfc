"""Caches results by the audio's content, without a bound."""

import base
from base import *

CACHE = {}


def get_timestamp_embeddings(audio, model):
    key = audio.shape, audio.cpu().numpy().tobytes()
    if key not in CACHE:
        CACHE[key] = base.get_timestamp_embeddings(audio, model)
    return tuple(value.to(audio.device) for value in CACHE[key])
