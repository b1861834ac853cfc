"""Pieces of a minute, the last frame of each of which is lost."""

from base import *

OPTIONS = {"long": True}
PIECE = 60 * SAMPLE_RATE


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - audio.shape[1])))
    embeddings, begins = [], []
    for n, piece in enumerate(audio.split(PIECE, 1)):
        if piece.shape[1] >= WINDOW:
            embeddings.append(model(piece.unfold(1, WINDOW, 320)))
            begins.append(60_000.0 * n + 32.0 + 20.0 * torch.arange(embeddings[-1].shape[1]))
    timestamps = torch.cat(begins).to(audio.device)
    return torch.cat(embeddings, 1), timestamps.expand(len(audio), -1)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
