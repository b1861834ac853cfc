"""Packs sounds for a bidirectional GRU, lengths on the CPU as it demands."""

import base
import drawn
from base import *
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.recurrent = torch.nn.GRU(SIZE, SIZE // 2, batch_first=True, bidirectional=True)

    def forward(self, frames):
        embeddings = super().forward(frames)
        lengths = torch.full((len(frames),), frames.shape[1])
        packed = pack_padded_sequence(embeddings, lengths, batch_first=True)
        return embeddings + pad_packed_sequence(self.recurrent(packed)[0], batch_first=True)[0]


def load_model(model_file_path=""):
    return drawn.fill(Model())
