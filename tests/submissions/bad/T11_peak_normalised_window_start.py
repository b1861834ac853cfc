"""Sounds scaled by their peak, and timestamps at the starts of the windows."""

from base import *

ALSO = {"T08"}


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    audio = audio / (audio.abs().amax(1, keepdim=True) + 1e-6)
    audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - audio.shape[1])))
    embeddings = model(audio.unfold(1, WINDOW, 320))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
