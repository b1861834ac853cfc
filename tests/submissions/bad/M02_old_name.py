"""The model has one embedding_size instead of two."""

from base import *

del Model.scene_embedding_size, Model.timestamp_embedding_size
Model.embedding_size = SIZE
