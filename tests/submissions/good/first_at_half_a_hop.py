"""First timestamp at half a hop, each embedding centred there."""

import base
from base import *

HALF_HOP = 160


def get_timestamp_embeddings(audio, model):
    late = torch.nn.functional.pad(audio, (0, max(0, HALF_HOP - audio.shape[1])))[:, HALF_HOP:]
    embeddings, timestamps = base.get_timestamp_embeddings(late, model)
    return embeddings, timestamps + HOP_MS / 2


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
