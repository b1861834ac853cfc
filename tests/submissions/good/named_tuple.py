"""Embeddings and timestamps in a named tuple."""

from typing import NamedTuple

import base
from base import *


class Answer(NamedTuple):
    embeddings: torch.Tensor
    timestamps: torch.Tensor


def get_timestamp_embeddings(audio, model):
    return Answer(*base.get_timestamp_embeddings(audio, model))
