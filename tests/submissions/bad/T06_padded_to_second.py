"""Audio is padded to whole seconds, and the padding is embedded as well."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    padding = -audio.shape[1] % SAMPLE_RATE
    return base.get_timestamp_embeddings(torch.nn.functional.pad(audio, (0, padding)), model)
