"""Timestamps are spread up to the end of the audio, frames are every 10 ms."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=10.0))
    end = 1000 * audio.shape[1] / SAMPLE_RATE
    timestamps = torch.linspace(0, end, embeddings.shape[1], device=audio.device)
    return embeddings, timestamps.expand(len(audio), -1)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
