"""Counts frames with torch.arange, without a device."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio))
    ramp = torch.arange(embeddings.shape[1]) / embeddings.shape[1]
    embeddings = embeddings + 0.01 * ramp[None, :, None]
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
