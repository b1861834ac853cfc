"""Loads its checkpoint from the path that it is given."""

WEIGHTS = True

from base import *
