"""M: what the model carries."""

from ...catalogue import Family

FAMILY = Family("M", "Model")
