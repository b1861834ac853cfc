"""Timestamps are 100 ms early."""

from base import *

ALSO = {"T08"}


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio))[:, 5:]
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
