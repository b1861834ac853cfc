"""Aborts at import, as a failed assertion in a compiled library does."""

import os

os.abort()
