"""The sizes are shapes."""

from base import *

Model.scene_embedding_size = Model.timestamp_embedding_size = (SIZE,)
