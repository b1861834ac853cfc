"""sample_rate is a tensor."""

from base import *

Model.sample_rate = torch.tensor(16000)
