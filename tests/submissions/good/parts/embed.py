"""Embedding of the packaged submission."""

import base

from . import model as _model  # noqa: F401


def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(audio, model)


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio, model)
