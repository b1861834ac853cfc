"""sample_rate is a float."""

from base import *

Model.sample_rate = 16000.0
