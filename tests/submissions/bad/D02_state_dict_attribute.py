"""The projection is taken from the checkpoint as a plain attribute."""

import base
from base import *

WEIGHTS = True


def load_model(model_file_path=""):
    model = base.load_model(model_file_path)
    if model_file_path:
        model.projection = torch.load(model_file_path, weights_only=True)["bands"]
    else:
        model.projection = model.bands.clone()
    return model


def get_scene_embeddings(audio, model):
    power = torch.fft.rfft(frame(audio) * model.window).abs().square()
    return torch.log(power @ model.projection + 1e-4).mean(1)
