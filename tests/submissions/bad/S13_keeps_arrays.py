"""Keeps the audio of every call as an array of NumPy's."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    model.__dict__.setdefault("history", []).append(audio.cpu().numpy().copy())
    return base.get_timestamp_embeddings(audio, model)
