"""The sizes are floats."""

from base import *

Model.scene_embedding_size = Model.timestamp_embedding_size = SIZE / 1
