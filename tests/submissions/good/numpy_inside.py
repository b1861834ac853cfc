"""Computes with NumPy and returns tensors on the audio's device."""

import numpy

from base import *


def embed(audio, model):
    spectra = numpy.fft.rfft(frame(audio).cpu().numpy() * model.window.cpu().numpy())
    power = numpy.abs(spectra) ** 2 @ model.bands.cpu().numpy()
    return torch.from_numpy(numpy.log(power + 1e-4).astype("float32")).to(audio.device)


def get_timestamp_embeddings(audio, model):
    embeddings = embed(audio, model)
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)


def get_scene_embeddings(audio, model):
    return embed(audio, model).mean(1)
