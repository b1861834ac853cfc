"""Switches gradients off for a while, and computes one for itself."""

import base
from base import *


def get_scene_embeddings(audio, model):
    with torch.enable_grad():
        scale = torch.ones((), device=audio.device, requires_grad=True)
        (gradient,) = torch.autograd.grad((3 * scale).square(), scale)
    with torch.set_grad_enabled(False):
        return base.get_scene_embeddings(audio, model) * (gradient / 18)
