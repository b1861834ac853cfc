"""Adds a little noise before taking logarithms."""

import base
from base import *

ALSO = ("S02",)


def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(audio + 1e-3 * torch.randn_like(audio), model)
