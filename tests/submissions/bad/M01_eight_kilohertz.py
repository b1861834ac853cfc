"""sample_rate is 8000, at which the benchmark has no audio."""

from base import *

Model.sample_rate = 8000
