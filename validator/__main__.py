"""`python -m validator` is `hear-validate`."""

from .cli import main

main()
