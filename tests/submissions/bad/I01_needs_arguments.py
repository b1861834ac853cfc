"""Parses the command line at import."""

import sys

from base import *

CHECKPOINT = sys.argv[1]
