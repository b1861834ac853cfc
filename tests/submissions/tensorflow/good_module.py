"""The base submission as it is."""

WEIGHTS = True

from base_tf import *
