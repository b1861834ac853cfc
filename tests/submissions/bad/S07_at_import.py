"""Goes to a folder of its own at import."""

import os
import tempfile

from base import *

os.chdir(tempfile.gettempdir())
