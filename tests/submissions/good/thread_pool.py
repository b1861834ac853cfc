"""Embeds the sounds of a batch in threads."""

from concurrent.futures import ThreadPoolExecutor

import base
from base import *


def get_scene_embeddings(audio, model):
    with ThreadPoolExecutor(2) as pool:
        scenes = pool.map(lambda sound: base.get_scene_embeddings(sound[None], model), audio)
        return torch.cat(list(scenes))
