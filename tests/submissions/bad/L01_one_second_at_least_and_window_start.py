"""Refuses sounds of less than a second; timestamps are the starts of the windows."""

from base import *

ALSO = {"T08", "T11"}


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    if audio.shape[1] < SAMPLE_RATE:
        raise ValueError("audio must last at least one second")
    embeddings = model(audio.unfold(1, WINDOW, 320))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
