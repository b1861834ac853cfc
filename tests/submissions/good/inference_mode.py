"""Runs under torch.inference_mode."""

import base
from base import *


@torch.inference_mode()
def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(audio, model)


@torch.inference_mode()
def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio, model)
