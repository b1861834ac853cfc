"""Switches gradients off in a call, and not on again."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    torch.autograd.set_grad_enabled(False)
    embeddings = model(frame(audio))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
