"""A transform of torchaudio as a sub-module, moved with the model."""

import base
from base import *
from torchaudio.transforms import MelSpectrogram


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.mel = MelSpectrogram(SAMPLE_RATE, WINDOW, hop_length=320, n_mels=SIZE)

    def forward(self, audio):
        padded = torch.nn.functional.pad(audio, (WINDOW, WINDOW))
        frames = self.mel(padded).transpose(1, 2)[:, 3:-3]
        return torch.log(frames + 1e-4)


def load_model(model_file_path=""):
    return Model().eval()


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(audio)
    # Of WINDOW samples of padding, three hops are cut off again.
    first = 1000 * (3 * 320 - WINDOW) / SAMPLE_RATE
    stamps = first + 20.0 * torch.arange(embeddings.shape[1], device=audio.device)
    inside = (stamps >= 0) & (stamps <= 1000 * audio.shape[1] / SAMPLE_RATE)
    return embeddings[:, inside], stamps[inside].expand(len(audio), -1)


@torch.no_grad()
def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
