"""Results are moved to the CPU."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, stamps = base.get_timestamp_embeddings(audio, model)
    return embeddings.cpu(), stamps.cpu()
