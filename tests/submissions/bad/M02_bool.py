"""A size is True."""

from base import *

Model.scene_embedding_size = True
