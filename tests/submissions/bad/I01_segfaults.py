"""Crashes at import, as a compiled extension for another machine does."""

import ctypes

ctypes.string_at(0)
