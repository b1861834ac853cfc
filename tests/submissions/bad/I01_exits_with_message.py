"""Ends the program at import with a message, as an unguarded command line does."""

from base import *

raise SystemExit("usage: train.py CONFIG")
