"""No padding: a sound that is shorter than the window has no frame."""

import base
from base import *

ALSO = ("T08",)


def get_timestamp_embeddings(audio, model):
    frames = audio.unfold(1, WINDOW, 320)
    stamps = 1000 / SAMPLE_RATE * (torch.arange(frames.shape[1], device=audio.device) * 320 + 512)
    return model(frames), stamps.expand(len(audio), -1)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
