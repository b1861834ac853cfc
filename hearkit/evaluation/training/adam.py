"""Adam (Kingma and Ba, 2015) as `torch.optim` computes it, without importing `torch.optim`'s base.

PyTorch's optimisers import its compiler when the first one is made. That takes two seconds, which
is as long as training all heads of a small task.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import torch
from torch import nn

_BETAS = 0.9, 0.999
_EPS = 1e-8

_BLOCK = 1 << 16
"""Numbers in a block: with gradient and means a megabyte, which a core's cache holds. A
multiple of any vector's width, so that no number is computed in another way than in the whole."""


def step_plain(
    weights: Sequence[torch.Tensor],
    gradients: Sequence[torch.Tensor],
    means: Sequence[torch.Tensor],
    squares: Sequence[torch.Tensor],
    step: int,
    lr: float,
) -> None:
    """One step, with the operations of `torch.optim.Adam` in their order: equal to the last bit.

    Args:
        weights: Tensors, which are changed.
        gradients: Of each.
        means: Running means of gradients, which are changed.
        squares: Running means of their squares, which are changed.
        step: Number of the step, from 1.
        lr: Learning rate.
    """
    first, second = _BETAS
    size = lr / (1 - first**step)
    root = math.sqrt(1 - second**step)
    for weight, gradient, mean, square in zip(weights, gradients, means, squares, strict=True):
        mean.lerp_(gradient, 1 - first)
        square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        weight.addcdiv_(mean, square.sqrt().div_(root).add_(_EPS), value=-size)


def step_fast(
    weights: Sequence[torch.Tensor],
    gradients: Sequence[torch.Tensor],
    means: Sequence[torch.Tensor],
    squares: Sequence[torch.Tensor],
    step: int,
    lr: float,
) -> None:
    """The same up to rounding, in one pass over the memory where this PyTorch has that."""
    if not _has_fused(weights[0].device.type):
        step_plain(weights, gradients, means, squares, step, lr)
        return
    steps = [torch.tensor(float(step), device=weights[0].device)] * len(weights)
    torch._fused_adam_(
        list(weights), list(gradients), list(means), list(squares), [], steps,
        lr=lr, beta1=_BETAS[0], beta2=_BETAS[1], weight_decay=0.0, eps=_EPS,
        amsgrad=False, maximize=False,
    )  # fmt: skip


@functools.cache
def _has_fused(device: str) -> bool:
    """Whether PyTorch has the operation behind `torch.optim.Adam(fused=True)` (on a CPU: 2.4)."""
    one = [torch.zeros(1, device=device)]
    try:
        torch._fused_adam_(
            one, one, one, one, [], [torch.ones((), device=device)],
            lr=0.0, beta1=0.9, beta2=0.9, weight_decay=0.0, eps=1.0, amsgrad=False, maximize=False,
        )  # fmt: skip
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return False
    return True


class BlockedAdam:
    """Adam on a head, block by block: the same numbers, each block read from memory once.

    Adam works number by number, so nothing changes if it is given blocks for parameters; as whole
    tensors of many megabytes, each of its seven operations would read and write them all.
    """

    def __init__(self, head: nn.Module, lr: float) -> None:
        self._parameters = list(head.parameters())
        self._lr = lr
        self._step = 0
        self._blocks = list(
            itertools.chain.from_iterable(_blocks(p.detach()) for p in self._parameters)
        )
        self._means = [torch.zeros_like(block) for block in self._blocks]
        self._squares = [torch.zeros_like(block) for block in self._blocks]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def step(self) -> None:
        """One step along the gradients."""
        self._step += 1
        gradients = (p.grad for p in self._parameters)
        blocks = list(itertools.chain.from_iterable(_blocks(g) for g in gradients if g is not None))
        step_plain(self._blocks, blocks, self._means, self._squares, self._step, self._lr)


def _blocks(tensor: torch.Tensor) -> Sequence[torch.Tensor]:
    return torch.split(tensor.reshape(-1), _BLOCK)
