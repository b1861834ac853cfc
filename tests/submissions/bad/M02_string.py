"""A size is text."""

from base import *

Model.scene_embedding_size = str(SIZE)
