"""T: timestamps in milliseconds, regular, inside the audio, at the centre of what they describe."""

from ...catalogue import Family

FAMILY = Family("T", "Timestamps")
