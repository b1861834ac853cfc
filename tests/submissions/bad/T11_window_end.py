"""Timestamps are the ends of the windows."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(torch.nn.functional.pad(audio, (WINDOW, 0)).unfold(1, WINDOW, 320))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
