"""All of the padding is at the end, timestamps assume it at both ends."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(torch.nn.functional.pad(audio, (0, WINDOW)).unfold(1, WINDOW, 320))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)


@torch.no_grad()
def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
