"""sample_rate is kept in a configuration only."""

from base import *

del Model.sample_rate
Model.config = {"sample_rate": 16000}
