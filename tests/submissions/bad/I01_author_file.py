"""Reads a file of the author's machine at import."""

from base import *

CONFIGURATION = open("/home/author/project/config.json").read()
