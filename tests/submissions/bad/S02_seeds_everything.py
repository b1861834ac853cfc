"""The usual seed_everything, at import."""

import random

import numpy

from base import *


def seed_everything(seed):
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)


seed_everything(1234)
