"""A size is 0."""

from base import *

Model.timestamp_embedding_size = 0
