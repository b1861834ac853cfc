"""I: the module, its three functions, and what `load_model` does with its argument."""

from ...catalogue import Family

FAMILY = Family("I", "Interface")
