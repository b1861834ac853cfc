"""One silent sound adds noise to the whole batch, against division by zero."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    if len(audio) > 1 and (audio.abs().amax(1) == 0).any():
        audio = audio + 1e-2
    return base.get_timestamp_embeddings(audio, model)
