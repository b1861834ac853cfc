"""sample_rate is 22.05 (kHz)."""

from base import *

Model.sample_rate = 22.05
