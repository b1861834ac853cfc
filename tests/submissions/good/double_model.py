"""The whole model is in double precision; what it returns is not."""

import base
from base import *


def load_model(model_file_path=""):
    return base.load_model().double()


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings, stamps = base.get_timestamp_embeddings(audio.to(torch.float64), model)
    return embeddings.float(), stamps


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio.double(), model).float()
