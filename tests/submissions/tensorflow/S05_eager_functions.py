"""Runs all functions of the process eagerly."""

from base_tf import *

tf.config.run_functions_eagerly(True)
