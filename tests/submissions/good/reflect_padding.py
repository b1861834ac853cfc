"""Reflect padding, which needs more than half a window of audio."""

import base
from base import *

WARNINGS = {"L02"}


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    padded = torch.nn.functional.pad(audio[:, None], (512, 512), mode="reflect")[:, 0]
    embeddings = model(padded.unfold(1, WINDOW, 320))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
