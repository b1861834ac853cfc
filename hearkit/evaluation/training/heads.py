"""The oracle's head, made with its exact random stream."""

from __future__ import annotations

import torch
from torch import nn

from .grid import Point


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
