"""Each chunk of five seconds yields one frame too few, and time is counted by frames."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    if audio.shape[1] <= 5 * SAMPLE_RATE:
        embeddings = model(frame(audio))
    else:
        parts = [model(frame(part))[:, :-2] for part in audio.split(5 * SAMPLE_RATE, 1)]
        embeddings = torch.cat(parts, 1)
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
