"""The model is compiled by torch.jit, its attributes set afterwards."""

import base
from base import *


class Plain(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("window", base.Model().window)
        self.register_buffer("bands", base.Model().bands)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        power = torch.fft.rfft(frames * self.window).abs().square()
        return torch.log(power @ self.bands + 1e-4)


def load_model(model_file_path=""):
    model = torch.jit.trace(Plain().eval(), torch.zeros(1, 2, WINDOW), check_trace=False)
    model.sample_rate = SAMPLE_RATE
    model.scene_embedding_size = model.timestamp_embedding_size = SIZE
    return model
