"""Calls the function get_timestamp_embedding."""

from base import *

get_timestamp_embedding = get_timestamp_embeddings
del get_timestamp_embeddings
