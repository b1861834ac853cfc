"""Defines the two functions as methods of the model only."""

import base
from base import *


class Model(base.Model):
    def get_scene_embeddings(self, audio):
        return base.get_scene_embeddings(audio, self)

    def get_timestamp_embeddings(self, audio):
        return base.get_timestamp_embeddings(audio, self)


del get_scene_embeddings, get_timestamp_embeddings
