"""Timestamps are made on the GPU whenever there is one."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return embeddings, times(len(audio), embeddings.shape[1], device)
