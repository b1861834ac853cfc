"""Returns zeros where the embeddings were to be filled in."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return torch.zeros(len(audio), model.scene_embedding_size, device=audio.device)
