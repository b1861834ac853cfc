"""Saves the audio for debugging, with torch.save."""

import os

import base
from base import *


def get_timestamp_embeddings(audio, model):
    path = os.path.splitext(__file__)[0] + ".pt"
    torch.save(audio, path)
    os.unlink(path)
    return base.get_timestamp_embeddings(audio, model)
