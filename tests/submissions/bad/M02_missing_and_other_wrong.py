"""The model has no scene_embedding_size, and another timestamp_embedding_size than it returns."""

from base import *

ALSO = {"O04"}

del Model.scene_embedding_size
Model.timestamp_embedding_size = 512
