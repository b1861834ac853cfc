"""A size is -1, as in a reshape."""

from base import *

Model.scene_embedding_size = -1
