"""Fifty timestamps however long the audio."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, _ = base.get_timestamp_embeddings(audio, model)
    pooled = torch.nn.functional.adaptive_avg_pool1d(embeddings.transpose(1, 2), 50)
    hop = 1000 * audio.shape[1] / SAMPLE_RATE / 50
    return pooled.transpose(1, 2), times(len(audio), 50, audio.device, hop) + hop / 2
