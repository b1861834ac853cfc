"""A size is torch.Size."""

from base import *

Model.timestamp_embedding_size = torch.zeros(SIZE).shape
