"""Windows of one second, timestamps at their starts."""

from base import *
import good.one_second_windows as sound
from good.one_second_windows import get_scene_embeddings, load_model

ALSO = {"T08"}


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = sound.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps - timestamps[:, :1]
