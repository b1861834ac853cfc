"""Seeds PyTorch when it is imported."""

from base import *

torch.manual_seed(0)
