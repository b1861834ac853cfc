"""Moves audio to the device that the model was loaded on."""

import base
from base import *


def load_model(model_file_path=""):
    model = base.load_model()
    model.device = torch.device("cpu")
    return model


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio.to(model.device), model)
