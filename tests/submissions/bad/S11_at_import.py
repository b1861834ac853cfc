"""Asks git for its version at import."""

import subprocess
import sys

from base import *

VERSION = subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout
