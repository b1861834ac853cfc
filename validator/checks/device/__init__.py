"""D: results on the audio's device; a GPU used when, and only when, the caller chose it."""

from ...catalogue import Family

FAMILY = Family("D", "Device", runs_last=True)
