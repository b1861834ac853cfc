"""Fetches in the background."""

import threading
import urllib.request

import base
from base import *


def fetch():
    try:
        urllib.request.urlopen("http://weights.example.org/model.pt", timeout=2)
    except OSError:
        pass


def load_model(model_file_path=""):
    threading.Thread(target=fetch).start()
    return base.load_model()
