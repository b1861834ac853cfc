"""Pieces of two minutes, the last frame of each of which is lost; timestamps are counted on."""

from base import *

OPTIONS = {"long": True}
PIECE = 120 * SAMPLE_RATE


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    pieces = [model(frame(piece)) for piece in audio.split(PIECE, 1)]
    embeddings = torch.cat([*(piece[:, :-2] for piece in pieces[:-1]), pieces[-1]], 1)
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
