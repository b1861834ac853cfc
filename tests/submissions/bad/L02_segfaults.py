"""Compiled code reads beyond a buffer that is shorter than its window."""

import ctypes

import base
from base import *


def get_timestamp_embeddings(audio, model):
    if audio.shape[1] < 400:
        ctypes.string_at(0)
    return base.get_timestamp_embeddings(audio, model)
