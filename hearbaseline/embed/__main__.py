"""`python -m hearbaseline.embed` is `hear-embed`."""

from .cli import main

main()
