"""Has a command line of its own, which importing does not run."""

import sys

from base import *

if __name__ == "__main__":
    sys.exit(0)
