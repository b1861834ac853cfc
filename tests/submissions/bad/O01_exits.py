"""Ends the program at a call."""

import sys

from base import *


def get_timestamp_embeddings(audio, model):
    sys.exit(0)
