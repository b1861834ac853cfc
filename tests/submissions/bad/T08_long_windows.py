"""Windows of 400 ms without padding: the first 200 ms and the last 200 ms have no timestamp."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    audio = torch.nn.functional.pad(audio, (0, max(0, 6400 - audio.shape[1])))
    embeddings = model(audio.unfold(1, 6400, 320).unflatten(-1, (-1, 640)).repeat(1, 1, 1, 2)[..., :WINDOW]).mean(2)
    half = 200 if audio.shape[1] > 6400 else 0
    return embeddings, times(len(audio), embeddings.shape[1], audio.device) + half
