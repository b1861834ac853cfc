"""Decibels are cut 40 dB below the loudest of the batch, as AmplitudeToDB(top_db=40) does."""

from base import *


def amplitude_to_DB(power, top_db):
    decibels = 10 * power.clamp(min=1e-10).log10()
    return decibels.maximum(decibels.max() - top_db)


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    frames = frame(audio)
    power = torch.fft.rfft(frames * model.window).abs().square() @ model.bands
    return amplitude_to_DB(power, 40), times(len(audio), frames.shape[1], audio.device)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
