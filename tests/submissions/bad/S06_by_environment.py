"""Sets the number of threads by a variable, at import."""

import os

os.environ["OMP_NUM_THREADS"] = "31"

from base import *
