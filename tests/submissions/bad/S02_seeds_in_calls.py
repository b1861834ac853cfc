"""Seeds PyTorch in each call, to dither alike."""

import base
from base import *


def get_scene_embeddings(audio, model):
    torch.manual_seed(0)
    return base.get_scene_embeddings(audio + 1e-3 * torch.randn_like(audio), model)
