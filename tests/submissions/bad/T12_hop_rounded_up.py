"""A hop of 10 ms is rounded up to 162 samples, which smears within seconds."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=162 / 16))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, 10.0)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
