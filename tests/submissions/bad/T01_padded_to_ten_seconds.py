"""Short audio is padded to ten seconds, and the padding is embedded as well."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    padding = max(0, 10 * SAMPLE_RATE - audio.shape[1])
    return base.get_timestamp_embeddings(torch.nn.functional.pad(audio, (0, padding)), model)
