"""Audio is cut to its first two seconds."""

import base
from base import *

ALSO = {"L06"}


def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(audio[:, : 2 * SAMPLE_RATE], model)
