"""Embeds a few hundred frames at a time into one preallocated result."""

import base
from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    frames = frame(audio)
    embeddings = audio.new_empty(*frames.shape[:2], SIZE)
    for begin in range(0, frames.shape[1], 64):
        embeddings[:, begin : begin + 64] = model(frames[:, begin : begin + 64])
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
