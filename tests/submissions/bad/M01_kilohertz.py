"""sample_rate is in kHz."""

from base import *

Model.sample_rate = 16
