"""The scene function sets a coarser hop, and leaves it so."""

import base
from base import *

ALSO = ("T05",)


def load_model(model_file_path=""):
    model = base.load_model()
    model.hop = HOP_MS
    return model


def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio, hop_ms=model.hop))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, model.hop)


def get_scene_embeddings(audio, model):
    model.hop = 50.0
    return model(frame(audio, hop_ms=model.hop)).mean(1)
