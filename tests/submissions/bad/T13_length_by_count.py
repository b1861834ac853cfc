"""The hop is computed as the length over the number of frames, which is rounded up."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=16.0))
    hop_ms = 1000 * audio.shape[1] / SAMPLE_RATE / embeddings.shape[1]
    timestamps = torch.arange(embeddings.shape[1], device=audio.device) * hop_ms
    return embeddings, timestamps.expand(len(audio), -1)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
