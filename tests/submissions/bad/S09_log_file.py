"""Opens a log file in the working directory at import."""

from pathlib import Path

from base import *

LOG = Path("S09_embedding.log")
with LOG.open("a") as file:
    file.write("imported\n")
LOG.unlink()
