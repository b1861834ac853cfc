"""A size is None until the first call."""

from base import *

Model.scene_embedding_size = None
