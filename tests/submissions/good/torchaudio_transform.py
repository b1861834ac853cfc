"""A transform of torchaudio as a sub-module, moved with the model."""

import base
from base import *
from torchaudio.transforms import MelSpectrogram


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.mel = MelSpectrogram(
            SAMPLE_RATE, WINDOW, hop_length=320, n_mels=SIZE, pad_mode="constant"
        )

    def forward(self, audio):
        return torch.log(self.mel(audio).transpose(1, 2) + 1e-4)


def load_model(model_file_path=""):
    return Model().eval()


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(audio)
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)


@torch.no_grad()
def get_scene_embeddings(audio, model):
    return model(audio).mean(1)
