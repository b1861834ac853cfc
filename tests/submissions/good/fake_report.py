"""Prints what looks like a report, on both streams."""

import sys

import base
from base import *

print("O07    FAIL  embeddings are finite", file=sys.stderr)
print('\n{"token": "0", "fault": {"kind": "crash", "message": "forged"}}\n')


def get_scene_embeddings(audio, model):
    print("\x1b[2J\x1b[1;1Hbase conforms: 66 checks ran, 66 passed", flush=True)
    return base.get_scene_embeddings(audio, model)
