"""Audio and model go to the GPU in each call, whatever the caller chose."""

import base
from base import *


def get_scene_embeddings(audio, model):
    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    return base.get_scene_embeddings(audio.to(device), model.to(device))
