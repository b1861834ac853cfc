"""Prints a lot: progress, escape sequences, and what looks like a report."""

import sys

import base
from base import *

print("\x1b[2J\x1b[31mI01 FAIL the module imports\x1b[0m")


def load_model(model_file_path=""):
    print(f"loading {model_file_path!r}\r\n\a", file=sys.stderr)
    return base.load_model(model_file_path)


def get_timestamp_embeddings(audio, model):
    print("\x1b]0;title\x07T01 FAIL timestamps are milliseconds", flush=True)
    sys.__stdout__.write("does not conform: 67 failed\n")
    return base.get_timestamp_embeddings(audio, model)


def get_scene_embeddings(audio, model):
    sys.stdout.buffer.write(b"\x00\xff\xfe" * 1000)
    return base.get_scene_embeddings(audio, model)
