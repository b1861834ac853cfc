"""The tests; checks that tests declare have a family as those of the validator do."""

from validator.catalogue import Family

FAMILY = Family("X", "Tests")
