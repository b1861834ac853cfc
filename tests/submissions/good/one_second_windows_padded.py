"""Windows of one second, padded by half a window at both ends."""

import base
from base import *

WINDOW = 16000


class Model(base.Model):
    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.window = torch.hann_window(WINDOW)
        self.bands = torch.rand(WINDOW // 2 + 1, SIZE, generator=generator) / WINDOW


def load_model(model_file_path=""):
    return Model().eval()


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    frames = torch.nn.functional.pad(audio, (WINDOW // 2, WINDOW // 2)).unfold(1, WINDOW, 800)
    embeddings = torch.cat([model(part) for part in frames.split(100, 1)], 1)
    return embeddings, times(len(audio), embeddings.shape[1], audio.device, 50.0)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
