"""The sizes are NumPy integers."""

import numpy

from base import *

Model.scene_embedding_size = Model.timestamp_embedding_size = numpy.int64(SIZE)
