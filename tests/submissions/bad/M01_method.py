"""sample_rate is a method that was meant to be a property."""

from base import *

Model.sample_rate = lambda self: 16000
