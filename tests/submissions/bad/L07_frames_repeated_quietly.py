"""Pieces of a minute, the last frame of each of which is the first of the next as well."""

from base import *

OPTIONS = {"long": True}
PIECE = 60 * SAMPLE_RATE


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = torch.cat([model(frame(piece)) for piece in audio.split(PIECE, 1)], 1)
    timestamps = times(len(audio), embeddings.shape[1], audio.device)
    end = 1000 * audio.shape[1] / SAMPLE_RATE
    inside = timestamps[0] <= end
    return embeddings[:, inside], timestamps[:, inside]


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
