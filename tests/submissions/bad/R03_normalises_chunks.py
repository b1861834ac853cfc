"""Embeds in chunks of two sounds and normalises each chunk."""

import base
from base import *


def get_scene_embeddings(audio, model):
    chunks = [base.get_scene_embeddings(chunk, model) for chunk in audio.split(2)]
    return torch.cat([chunk / chunk.norm() for chunk in chunks])
