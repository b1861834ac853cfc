"""A size is a tensor."""

from base import *

Model.scene_embedding_size = torch.tensor(SIZE)
