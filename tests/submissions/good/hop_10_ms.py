"""A hop of 10 ms."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=10.0))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, 10.0)
