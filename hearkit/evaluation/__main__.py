"""`python -m hearkit.evaluation` is `hear-eval`."""

from .cli import main

main()
