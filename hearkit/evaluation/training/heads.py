"""The oracle's head, made with its exact random stream."""

from __future__ import annotations

import itertools

import torch
from torch import nn

from .grid import Point

_BLOCK = 1 << 16
"""Numbers in a block: with gradient and means a megabyte, which a core's cache holds. A
multiple of any vector's width, so that no number is computed in another way than in the whole."""


def make_head(point: Point, n_features: int, n_labels: int) -> nn.Sequential:
    """A head with its first weights, drawn from torch's generator as the oracle draws them.

    For each linear layer PyTorch's default initialisation draws weights and biases; then the
    weights are drawn again, by Xavier's rule. Embeddings are not normalised.

    Args:
        point: Hyperparameters.
        n_features: Numbers in an embedding.
        n_labels: Number of labels.

    Returns:
        A module from (n_rows, n_features) to logits (n_rows, n_labels).
    """
    layers: list[nn.Module] = []
    width, gain = n_features, nn.init.calculate_gain("linear")
    for _ in range(point.hidden_layers):
        layers += [
            _linear(width, point.hidden_dim, point.initialization, gain),
            nn.BatchNorm1d(point.hidden_dim),
            nn.Dropout(point.dropout),
            nn.ReLU(),
        ]
        width, gain = point.hidden_dim, nn.init.calculate_gain("relu")
    return nn.Sequential(*layers, _linear(width, n_labels, point.initialization, gain))


def _linear(n_in: int, n_out: int, initialization: str, gain: float) -> nn.Linear:
    linear = nn.Linear(n_in, n_out)
    draw = nn.init.xavier_normal_ if initialization == "normal" else nn.init.xavier_uniform_
    draw(linear.weight, gain=gain)
    return linear


def loss_of(logits: torch.Tensor, targets: torch.Tensor, prediction_type: str) -> torch.Tensor:
    """The mean loss: cross entropy over rows, or binary cross entropy over all cells."""
    if prediction_type == "multiclass":
        return nn.functional.cross_entropy(logits, targets)
    return nn.functional.binary_cross_entropy_with_logits(logits, targets)


def probabilities_of(logits: torch.Tensor, prediction_type: str) -> torch.Tensor:
    """Softmax over labels, or the sigmoid of each."""
    return logits.softmax(dim=-1) if prediction_type == "multiclass" else logits.sigmoid()


class BlockedAdam:
    """PyTorch's Adam, block by block: the same numbers, with each block read from memory once.

    Adam works number by number, so nothing changes if it is given blocks for parameters; as whole
    tensors of many megabytes, each of its seven steps would read and write them all.
    """

    def __init__(self, head: nn.Module, lr: float) -> None:
        self._parameters = list(head.parameters())
        self._blocks = [
            block for p in self._parameters for block in torch.split(p.detach().view(-1), _BLOCK)
        ]
        self._adam = torch.optim.Adam(self._blocks, lr=lr)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def step(self) -> None:
        """One step along the gradients."""
        gradients = (p.grad for p in self._parameters)
        pieces = (torch.split(g.reshape(-1), _BLOCK) for g in gradients if g is not None)
        for block, piece in zip(self._blocks, itertools.chain.from_iterable(pieces), strict=True):
            block.grad = piece
        self._adam.step()
