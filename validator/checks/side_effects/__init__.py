"""S: side effects of the submission."""

from ...catalogue import Family

FAMILY = Family("S", "Side effects", runs_last=True)
