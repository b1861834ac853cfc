"""Time runs on from call to call."""

from base import *

CALLS = []


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio))
    CALLS.append(None)
    return embeddings, times(len(audio), embeddings.shape[1], audio.device) + len(CALLS) / 2
