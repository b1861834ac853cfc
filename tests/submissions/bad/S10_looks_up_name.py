"""Looks a server's name up to see whether there is a network."""

import socket

import base
from base import *


def load_model(model_file_path=""):
    try:
        socket.gethostbyname("weights.example.org")
    except OSError:
        pass
    return base.load_model()
