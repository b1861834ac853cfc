"""Passes the audio through a temporary file."""

import tempfile

import numpy

import base
from base import *


def get_scene_embeddings(audio, model):
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        numpy.save(file, audio.cpu().numpy())
        file.seek(0)
        audio = torch.from_numpy(numpy.load(file)).to(audio.device)
    return base.get_scene_embeddings(audio, model)
