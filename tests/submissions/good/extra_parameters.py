"""Further parameters with defaults, positional and by name."""

import base
from base import *


def load_model(model_file_path="", device=None, *, verbose=False, **options):
    return base.load_model(model_file_path)


@torch.no_grad()
def get_timestamp_embeddings(audio, model, hop_size=20.0, *, pad=True):
    embeddings = model(frame(audio, hop_ms=hop_size))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, hop_size)
