"""A hop of exactly 50 ms."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=50.0))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, 50.0)
