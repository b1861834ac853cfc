"""A model at 32000 Hz."""

import base
from base import *


class Model(base.Model):
    sample_rate = 32000


def load_model(model_file_path=""):
    return Model().eval()


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, sample_rate=32000))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
