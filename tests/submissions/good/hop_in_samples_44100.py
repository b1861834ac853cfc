"""A hop of 1024 samples at 44100 Hz, timestamps of 23.22 ms exactly, at 32-bit precision."""

import base
from base import *

HOP_MS = 1000 * 1024 / 44100


class Model(base.Model):
    sample_rate = 44100


def load_model(model_file_path=""):
    return Model().eval()


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=HOP_MS, sample_rate=44100))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, HOP_MS)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
