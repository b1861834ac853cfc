"""Scenes from frames 250 ms apart, timestamps 50 ms apart, as in the naive baseline."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=50.0))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, 50.0)


@torch.no_grad()
def get_scene_embeddings(audio, model):
    return model(frame(audio, hop_ms=250.0)).mean(1)
