"""Strided convolutions without padding, timestamps from 0 instead of 12.5 ms."""

from base import *
from good.deep_convolutions import Model, load_model
import good.deep_convolutions as sound


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = sound.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps - timestamps[:, :1]


get_scene_embeddings = sound.get_scene_embeddings
