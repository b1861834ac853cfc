"""Each sound is standardised by its own mean and deviation, as wav2vec 2.0's extractor does."""

import base
from base import *


def scaled(audio):
    centred = audio - audio.mean(1, keepdim=True)
    return centred / (centred.square().mean(1, keepdim=True) + 1e-7).sqrt()


def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(scaled(audio), model)


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(scaled(audio), model)
