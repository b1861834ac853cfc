"""Functions of the packaged submission."""

from .embed import get_scene_embeddings, get_timestamp_embeddings
