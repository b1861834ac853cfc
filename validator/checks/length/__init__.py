"""L: all of the audio is embedded, from one sample to 20 minutes."""

from ...catalogue import Family

FAMILY = Family("L", "Length")
