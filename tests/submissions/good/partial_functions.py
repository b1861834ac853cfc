"""The functions are made by functools.partial."""

from functools import partial

import base
from base import *


@torch.no_grad()
def embed(audio, model, pool):
    embeddings = model(frame(audio))
    if pool:
        return embeddings.mean(1)
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)


get_scene_embeddings = partial(embed, pool=True)
get_timestamp_embeddings = partial(embed, pool=False)
