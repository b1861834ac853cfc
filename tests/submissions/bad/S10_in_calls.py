"""Reports every call to a server."""

import socket

import base
from base import *


def get_scene_embeddings(audio, model):
    try:
        socket.create_connection(("192.0.2.1", 443), timeout=1).close()
    except Exception:
        pass
    return base.get_scene_embeddings(audio, model)
