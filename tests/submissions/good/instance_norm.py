"""Instance normalisation over time: every embedding depends on the whole sound."""

import base
from base import *


class Model(base.Model):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.InstanceNorm1d(SIZE)

    def forward(self, frames):
        features = super().forward(frames).transpose(1, 2)
        # One frame has no variance over time.
        return (self.norm(features) if features.shape[2] > 1 else 0 * features).transpose(1, 2)


def load_model(model_file_path=""):
    return Model().eval()


@torch.no_grad()
def get_scene_embeddings(audio, model):
    return model(frame(audio)).square().mean(1) + model(frame(audio)).amax(1)
