"""Takes sixteen threads at import."""

from base import *

torch.set_num_threads(16)
