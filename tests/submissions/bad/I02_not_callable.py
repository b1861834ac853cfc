"""Has an object in a function's place."""

from base import *

get_scene_embeddings = {"function": get_scene_embeddings}
