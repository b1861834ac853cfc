"""First timestamp at half a hop, each embedding centred there."""

import base
from base import *

HALF = int(HOP_MS / 2 * SAMPLE_RATE / 1000)


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio)[:, :-1]) if audio.shape[1] < HALF else model(frame(audio[:, HALF:]))
    times_ms = times(len(audio), embeddings.shape[1], audio.device)
    return embeddings, times_ms + HOP_MS / 2


@torch.no_grad()
def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
