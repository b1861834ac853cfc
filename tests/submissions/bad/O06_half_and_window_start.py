"""Timestamps are float16, and those of the starts of the windows."""

from base import *

ALSO = {"T08", "T11"}


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - audio.shape[1])))
    embeddings = model(audio.unfold(1, WINDOW, 320))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device).half()
