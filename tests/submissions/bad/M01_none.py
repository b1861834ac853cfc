"""sample_rate is None."""

from base import *

Model.sample_rate = None
