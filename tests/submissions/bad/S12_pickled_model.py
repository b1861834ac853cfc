"""Ships its model as a pickle."""

import io
import pickle

import base
from base import *

PICKLED = pickle.dumps({"window": base.Model().window})


def load_model(model_file_path=""):
    model = base.load_model()
    model.window = pickle.load(io.BytesIO(PICKLED))["window"]
    return model
