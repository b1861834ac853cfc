"""Draws from a generator that is seeded with the time of day."""

import time

import numpy

import base
from base import *


def get_scene_embeddings(audio, model):
    noise = numpy.random.default_rng(time.time_ns()).normal(0, 1e-3, audio.shape)
    return base.get_scene_embeddings(audio + torch.from_numpy(noise).float().to(audio.device), model)
