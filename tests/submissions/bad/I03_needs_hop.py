"""A third argument without a default."""

import base
from base import *


def get_timestamp_embeddings(audio, model, hop_size):
    return base.get_timestamp_embeddings(audio, model)
