"""Switches gradients off for the whole process, at import."""

from base import *

torch.set_grad_enabled(False)
