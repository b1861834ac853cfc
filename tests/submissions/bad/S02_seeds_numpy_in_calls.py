"""Seeds NumPy in each call."""

import numpy

import base
from base import *


def get_timestamp_embeddings(audio, model):
    numpy.random.seed(0)
    return base.get_timestamp_embeddings(audio, model)
