"""`python -m hearkit.embed` is `hear-embed`."""

from .cli import main

main()
