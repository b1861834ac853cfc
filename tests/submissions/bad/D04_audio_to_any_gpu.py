"""Audio goes to a GPU whenever there is one."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    if torch.cuda.is_available():
        audio = audio.cuda()
    return base.get_timestamp_embeddings(audio, model)
