"""Strided convolutions on the waveform, as in wav2vec 2.0: 25 ms windows every 20 ms."""

import base
from base import *
from drawn import fill

LAYERS = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList(
            torch.nn.Conv1d(1 if k == 10 else SIZE, SIZE, k, s) for k, s in LAYERS
        )

    def forward(self, audio):
        features = audio[:, None]
        for layer in self.layers:
            features = torch.nn.functional.gelu(layer(features))
        return features.transpose(1, 2)


def load_model(model_file_path=""):
    return fill(Model(), 1.5)


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    audio = torch.nn.functional.pad(audio, (0, max(0, 400 - audio.shape[1])))
    embeddings = model(audio)
    timestamps = times(len(audio), embeddings.shape[1], audio.device)
    return embeddings, timestamps + (12.5 if embeddings.shape[1] > 1 else 0)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
