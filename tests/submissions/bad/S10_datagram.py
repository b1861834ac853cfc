"""Sends a datagram, for statistics."""

import contextlib
import socket

import base
from base import *


def get_timestamp_embeddings(audio, model):
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"called", ("192.0.2.1", 9))
    return base.get_timestamp_embeddings(audio, model)
