"""Has a program convert the audio in each call."""

import subprocess

import base
from base import *


def get_scene_embeddings(audio, model):
    subprocess.check_output(["cat"], input=audio.cpu().numpy().tobytes())
    return base.get_scene_embeddings(audio, model)
