"""The sizes are those of another model."""

from base import *

Model.scene_embedding_size = Model.timestamp_embedding_size = 512
