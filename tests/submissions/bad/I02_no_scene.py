"""Has no get_scene_embeddings."""

from base import *

del get_scene_embeddings
