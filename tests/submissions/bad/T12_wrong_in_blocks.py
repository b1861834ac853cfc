"""Blocks of a second, whose frames hear one another, and a hop of 10 ms that is called 9.9."""

import good.blocks_that_hear_one_another as sound
from base import *
from good.blocks_that_hear_one_another import get_scene_embeddings, load_model


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = sound.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps * 0.99
