"""A hop of 60 ms."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=60.0))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, 60.0)
