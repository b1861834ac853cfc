"""First timestamp at 0: the base submission as it is."""

from base import *
