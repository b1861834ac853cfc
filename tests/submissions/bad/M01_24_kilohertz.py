"""sample_rate is 24000, at which the benchmark has no audio."""

from base import *

Model.sample_rate = 24000
