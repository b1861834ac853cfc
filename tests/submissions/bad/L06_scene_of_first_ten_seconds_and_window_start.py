"""Scenes are those of the first ten seconds; timestamps are the starts of the windows."""

import base
from base import *

ALSO = {"T08", "T11"}


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio[:, : 10 * SAMPLE_RATE], model)


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - audio.shape[1])))
    embeddings = model(audio.unfold(1, WINDOW, 320))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
