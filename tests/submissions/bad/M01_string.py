"""sample_rate is text."""

from base import *

Model.sample_rate = "16000"
