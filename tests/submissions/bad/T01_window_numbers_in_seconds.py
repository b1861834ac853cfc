"""Centres of the frames in seconds, with a hop of 50 ms."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=50.0))
    starts_s = torch.arange(embeddings.shape[1]) * 0.05
    return embeddings, (starts_s + WINDOW / 2 / SAMPLE_RATE).expand(len(audio), -1)
