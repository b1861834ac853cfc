"""Windows of 960 ms, one after the other, unpadded, as VGGish has them."""

import base
from base import *

WINDOW = 15360
WARNINGS = {"T09"}


class Model(base.Model):
    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.window = torch.ones(WINDOW)
        self.bands = torch.rand(WINDOW // 2 + 1, SIZE, generator=generator) / WINDOW


def load_model(model_file_path=""):
    return Model().eval()


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    n_samples = audio.shape[1]
    audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - n_samples)))
    embeddings = model(audio.unfold(1, WINDOW, WINDOW))
    half = min(480.0, 1000 * n_samples / 2 / SAMPLE_RATE)
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, 960.0) + half


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
