"""Changes the audio through the array that shares its memory."""

import numpy

import base
from base import *


def get_scene_embeddings(audio, model):
    samples = audio.cpu().numpy()
    numpy.clip(samples, -0.2, 0.2, out=samples)
    return base.get_scene_embeddings(audio, model)
