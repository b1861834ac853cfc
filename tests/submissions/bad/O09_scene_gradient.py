"""The scene function forgets torch.no_grad()."""

from base import *


class Model(Model):
    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(SIZE))

    def forward(self, frames):
        return super().forward(frames) * self.gain


def load_model(model_file_path=""):
    return Model().eval()


def get_scene_embeddings(audio, model):
    return model(frame(audio)).mean(1)
