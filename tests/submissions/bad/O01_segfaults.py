"""Crashes at a call."""

import ctypes

from base import *


def get_timestamp_embeddings(audio, model):
    ctypes.string_at(0)
