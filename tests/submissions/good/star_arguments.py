"""The functions are methods of one object and take *args."""

import base
from base import *

WARNINGS = {"I04"}


class Interface:
    def load(self, *args, **kwargs):
        return base.load_model(*args, **kwargs)

    def timestamps(self, *args):
        return base.get_timestamp_embeddings(*args)

    def scene(self, audio, *rest):
        return base.get_scene_embeddings(audio, *rest)


interface = Interface()
load_model = interface.load
get_timestamp_embeddings = interface.timestamps
get_scene_embeddings = interface.scene
