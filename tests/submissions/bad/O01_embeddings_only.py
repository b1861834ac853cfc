"""Returns the embeddings without timestamps."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(audio, model)[0]
