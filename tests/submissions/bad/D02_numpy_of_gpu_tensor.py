"""Calls numpy() without cpu()."""

import numpy

import base
from base import *


def get_scene_embeddings(audio, model):
    level = torch.from_numpy(numpy.sqrt(numpy.square(audio.numpy()).mean(1)))
    return base.get_scene_embeddings(audio, model) + level.to(audio.device)[:, None]
