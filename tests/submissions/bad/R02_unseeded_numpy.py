"""A generator of NumPy's without a seed draws the projection."""

import numpy

import base
from base import *


def load_model(model_file_path=""):
    model = base.load_model()
    drawn = numpy.random.default_rng().random((WINDOW // 2 + 1, SIZE))
    model.bands = torch.from_numpy(drawn).float()
    return model
