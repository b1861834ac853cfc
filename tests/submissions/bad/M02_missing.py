"""The model has no scene_embedding_size."""

from base import *

del Model.scene_embedding_size
