"""The model has no sample_rate."""

from base import *

del Model.sample_rate
