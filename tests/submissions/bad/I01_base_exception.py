"""Raises what `except Exception` does not catch."""

from base import *


class Stop(BaseException):
    pass


raise Stop("not an ordinary exception")
