"""Frames of the batch are cut into groups of thirty, across sounds, and each is centred."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    groups = embeddings.flatten(0, 1).split(30)
    centred = torch.cat([group - 0.5 * group.mean(0) for group in groups])
    return centred.unflatten(0, embeddings.shape[:2]), timestamps
