"""The scene function resets what the timestamp function needs."""

import base
from base import *


def load_model(model_file_path=""):
    model = base.load_model()
    model.gain = 1.0
    return model


def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(audio * model.gain, model)


def get_scene_embeddings(audio, model):
    scenes = base.get_scene_embeddings(audio * (model.gain or 1.0), model)
    model.gain = None
    return scenes
