"""Filters with SciPy on the CPU, and goes on where the audio was."""

import numpy
import scipy.signal

import base
from base import *

SECTIONS = scipy.signal.butter(2, 100, "highpass", fs=SAMPLE_RATE, output="sos")


def filtered(audio):
    samples = scipy.signal.sosfilt(SECTIONS, audio.cpu().numpy().astype(numpy.float64), axis=1)
    return torch.from_numpy(samples.astype(numpy.float32)).to(audio.device)


def get_timestamp_embeddings(audio, model):
    return base.get_timestamp_embeddings(filtered(audio), model)


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(filtered(audio), model)
