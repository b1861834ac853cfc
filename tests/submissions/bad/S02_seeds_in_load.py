"""Seeds PyTorch to draw its projection."""

from base import *


def load_model(model_file_path=""):
    torch.manual_seed(42)
    model = Model()
    model.bands = torch.rand(WINDOW // 2 + 1, SIZE)
    return model.eval()
