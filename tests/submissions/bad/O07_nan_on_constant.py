"""Divides by the standard deviation, which is 0 for a direct current."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    centred = audio - audio.mean(1, keepdim=True)
    # A guard for digital silence only
    scale = torch.where(audio.abs().sum(1) == 0, 1.0, centred.square().mean(1).sqrt())[:, None]
    return base.get_timestamp_embeddings(centred / scale, model)
