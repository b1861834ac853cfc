"""Asks for news at import; without a network it goes on."""

import urllib.request

from base import *

try:
    urllib.request.urlopen("https://weights.example.org/version", timeout=2)
except OSError:
    pass
