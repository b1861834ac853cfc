"""Reads the audio's memory as if it began and ended with it."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    raw = torch.empty(0, dtype=torch.float32, device=audio.device).set_(audio.untyped_storage())
    return base.get_timestamp_embeddings(raw[: audio.numel()].reshape(audio.shape), model)
