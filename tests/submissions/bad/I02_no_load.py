"""Offers the class instead of load_model."""

from base import *

del load_model
