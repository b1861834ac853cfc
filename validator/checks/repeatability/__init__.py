"""R: the same sound always gets the same embedding, whenever, wherever and next to whatever."""

from ...catalogue import Family

FAMILY = Family("R", "Repeatability")
