"""A package with modules of its own, imported relatively."""

from .parts import get_scene_embeddings, get_timestamp_embeddings
from .parts.model import load_model

__all__ = ["get_scene_embeddings", "get_timestamp_embeddings", "load_model"]
