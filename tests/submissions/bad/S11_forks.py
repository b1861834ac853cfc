"""Forks workers for its frames."""

import os

import base
from base import *


def get_timestamp_embeddings(audio, model):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return base.get_timestamp_embeddings(audio, model)
