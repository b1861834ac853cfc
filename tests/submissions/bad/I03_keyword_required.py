"""The hop must be passed, and has no default."""

import base
from base import *


def get_timestamp_embeddings(audio, model, *, hop_size):
    return base.get_timestamp_embeddings(audio, model)
