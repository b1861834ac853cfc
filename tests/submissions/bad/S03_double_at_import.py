"""Makes float64 the default of the whole process at import."""

from base import *

torch.set_default_dtype(torch.float64)


class Model(Model):
    def forward(self, frames):
        return super().forward(frames.to(self.window.dtype)).float()


def load_model(model_file_path=""):
    return Model().eval()
