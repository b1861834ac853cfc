"""One frame more than the audio has."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(torch.nn.functional.pad(audio, (0, 320)), model)
