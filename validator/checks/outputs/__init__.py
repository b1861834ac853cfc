"""O: what the two functions return, before anybody looks at its meaning."""

from ...catalogue import Family

FAMILY = Family("O", "Outputs")
