"""A hop of 25 ms at 22050 Hz: 551.25 samples, each frame placed by the exact hop."""

import base
from base import *


class Model(base.Model):
    sample_rate = 22050


def load_model(model_file_path=""):
    return Model().eval()


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=25.0, sample_rate=22050))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, 25.0)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
