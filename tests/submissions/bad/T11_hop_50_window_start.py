"""Windows of 64 ms every 50 ms, timestamps at their starts."""

from base import *

ALSO = {"T08"}


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - audio.shape[1])))
    embeddings = model(audio.unfold(1, WINDOW, 800))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, 50.0)
