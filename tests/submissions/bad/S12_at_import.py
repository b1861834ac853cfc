"""Unpickles its settings at import."""

import pickle

from base import *

SETTINGS = pickle.loads(pickle.dumps({"size": torch.Size([SIZE])}))
