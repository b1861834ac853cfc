"""Parameters for submissions with layers, drawn from a generator of their own."""

import torch


def fill(model, scale=1.0):
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        width = parameter[0].numel() if parameter.ndim > 1 else 16
        torch.nn.init.normal_(parameter, std=scale / width**0.5, generator=generator)
    return model.eval()
