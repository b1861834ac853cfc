"""The first timestamp is set to 0, the others are centres."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - audio.shape[1])))
    embeddings = model(audio.unfold(1, WINDOW, 320))
    timestamps = times(len(audio), embeddings.shape[1], audio.device) + 32.0
    timestamps[:, 0] = 0
    return embeddings, timestamps
