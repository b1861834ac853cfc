"""sample_rate lists several rates."""

from base import *

Model.sample_rate = [16000, 44100]
