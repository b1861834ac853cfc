"""Reflects half a window, which the shortest sounds do not have."""

import base
from base import *


def frames_of(audio):
    half = WINDOW // 2
    padded = torch.nn.functional.pad(audio[:, None], (half, half), mode="reflect")[:, 0]
    first = torch.tensor(starts(audio.shape[1]), device=audio.device)
    return padded[:, first[:, None] + torch.arange(WINDOW, device=audio.device)]


def get_timestamp_embeddings(audio, model):
    embeddings = model(frames_of(audio))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)


def get_scene_embeddings(audio, model):
    return model(frames_of(audio)).mean(1)
