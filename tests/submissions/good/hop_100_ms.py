"""A hop of 100 ms, which is allowed and warned about."""

from base import *

WARNINGS = {"T09"}


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=100.0))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, 100.0)
