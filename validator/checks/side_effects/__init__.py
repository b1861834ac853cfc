"""S: what the submission does besides answering."""

from ...catalogue import Family

FAMILY = Family("S", "Side effects", runs_last=True)
