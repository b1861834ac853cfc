"""Uses view where audio may be a slice of something longer."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio.view(-1).reshape(audio.shape), model)
