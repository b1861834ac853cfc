"""Chooses the number of threads when it is imported."""

from base_tf import *

tf.config.threading.set_intra_op_parallelism_threads(1)
