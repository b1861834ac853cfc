"""What comes back from NumPy is not moved to the audio's device."""

import numpy

import base
from base import *


def get_scene_embeddings(audio, model):
    level = torch.from_numpy(numpy.abs(audio.cpu().numpy()).mean(1))
    return base.get_scene_embeddings(audio, model) + level[:, None]
