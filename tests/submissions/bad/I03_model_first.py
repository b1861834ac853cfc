"""Takes the model first and the audio second."""

import base
from base import *


def get_scene_embeddings(model, audio):
    return base.get_scene_embeddings(audio, model)
