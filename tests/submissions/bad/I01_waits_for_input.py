"""Asks a question at import."""

from base import *

KEY = input("licence key: ")
