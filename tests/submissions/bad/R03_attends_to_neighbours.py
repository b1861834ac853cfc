"""Attention takes the batch for the sequence, since batch_first is missing."""

import base
import drawn
from base import *


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(SIZE, 4)

    def forward(self, frames):
        embeddings = super().forward(frames)
        return self.attention(embeddings, embeddings, embeddings, need_weights=False)[0]


def load_model(model_file_path=""):
    return drawn.fill(Model()).requires_grad_(False)
