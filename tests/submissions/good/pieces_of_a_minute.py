"""Long audio in pieces of a minute, cut at whole hops."""

import base
from base import *

OPTIONS = {"select": ("L07",), "long": True}


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    parts = frame(audio).split(3000, dim=1)
    embeddings = torch.cat([model(part) for part in parts], 1)
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
