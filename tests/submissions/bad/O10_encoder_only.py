"""Only a part of the model is in evaluation mode."""

from base import *

ALSO = {"S02"}


class Model(Model):
    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Identity()
        self.head = torch.nn.Sequential(torch.nn.Linear(SIZE, SIZE), torch.nn.Dropout(0.5))

    def forward(self, frames):
        return self.head(self.encoder(super().forward(frames)))


def load_model(model_file_path=""):
    model = Model()
    generator = torch.Generator().manual_seed(1)
    torch.nn.init.normal_(model.head[0].weight, generator=generator)
    torch.nn.init.zeros_(model.head[0].bias)
    model.encoder.eval()
    return model
