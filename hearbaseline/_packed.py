"""Products with weights that stay the same: put in order once for the CPU, used many times.

PyTorch's matrix products are MKL's on a CPU, which does not know that a matrix comes again. oneDNN,
of which PyTorch has a copy too, takes one that was put in the order in which its kernels read it:
the same float32 product in half the time or less where there is AVX-512, and sooner for few rows
everywhere (docs/speed.md). These are the operators that `torch.compile` uses. Where they are
missing, where weights are trained or not on a CPU, the product is PyTorch's.

The ordered copy takes as much memory as the weights. It is made when they are first used, and
again once they were changed or replaced; only changes through `.data` are not noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.utils.weak import WeakTensorKeyDictionary

ROWS = 512
"""Rows that weights are put in order for. The best for any number: what PyTorch 2.11 chooses for
fewer takes up to twice as long for those too."""

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class _Entry:
    """What was made of weights, and the weights as they were then.

    `weights` shares their memory, which therefore is not given to others as long as this is here:
    the same place means the same memory.
    """

    made: Any
    weights: Tensor
    version: int

    def fits(self, weights: Tensor) -> bool:
        return (
            self.version == weights._version
            and self.weights.data_ptr() == weights.data_ptr()
            and self.weights.shape == weights.shape
            and self.weights.stride() == weights.stride()
        )


_ENTRIES: Any = WeakTensorKeyDictionary()
"""By the tensor itself, beside the models: those are copied, saved and moved as if there was
nothing."""


def product(x: Tensor, matrix: Tensor) -> Tensor:
    """`x @ matrix`.

    Args:
        x: Shape (..., n_in).
        matrix: Shape (n_in, n_out); a tensor that stays, not a view made for this call.

    Returns:
        Shape (..., n_out).
    """
    if not usable(x, matrix):
        return x @ matrix
    return multiply(x, remembered(matrix, lambda weights: ordered(weights.T)))


class Linear(torch.nn.Linear):
    """`torch.nn.Linear`, in inference with its weights in order."""

    def forward(self, x: Tensor) -> Tensor:
        """See `torch.nn.Linear`."""
        if not usable(x, self.weight):
            return F.linear(x, self.weight, self.bias)
        return multiply(x, remembered(self.weight, ordered), self.bias)

    @classmethod
    def replace(cls, module: torch.nn.Module) -> None:
        """Make those of a module into these; parameters and their names stay."""
        for part in module.modules():
            if type(part) is torch.nn.Linear:
                part.__class__ = cls


def convolve(x: Tensor, kernel: Tensor, bias: Tensor | None, stride: int) -> Tensor:
    """A strided convolution of frames, channels last.

    Args:
        x: Shape (n, n_in), contiguous.
        kernel: Shape (n_out, n_in, taps), as `torch.nn.Conv1d` has it.
        bias: Shape (n_out,), or None.
        stride: Frames from output to output.

    Returns:
        Shape ((n - taps) // stride + 1, n_out).
    """
    n_in, taps = kernel.shape[1:]
    n = (len(x) - taps) // stride + 1
    if usable(x, kernel):
        # The frames under the kernel are neighbours in memory: a row for each of its places, which
        # overlap where taps do.
        rows = x.as_strided((n, taps * n_in), (stride * n_in, 1), x.storage_offset())
        return multiply(rows, remembered(kernel, lambda weights: ordered(_by_tap(weights))), bias)
    # The same rows, cut where they overlap: not all matrix products take those that do. On a GPU
    # PyTorch rounds convolutions to TF32, and products not.
    matrix = _by_tap(kernel).T
    y = x.new_zeros(n, len(kernel)) if bias is None else bias.repeat(n, 1)
    for tap in range(0, taps, stride):
        width = min(stride, taps - tap) * n_in
        rows = x.as_strided((n, width), (stride * n_in, 1), x.storage_offset() + tap * n_in)
        y.addmm_(rows, matrix[tap * n_in : tap * n_in + width])
    return y


def usable(x: Tensor, weights: Tensor) -> bool:
    """Whether weights in order can be multiplied with, as plain numbers and in float32."""
    return (
        not torch.compiler.is_compiling()  # the compiler orders weights itself
        and has_operators()
        and type(x) is Tensor  # not a stand-in for one
        and type(weights) in (Tensor, torch.nn.Parameter)
        and x.device.type == weights.device.type == "cpu"
        and x.dtype == weights.dtype == torch.float32
        and not (torch.is_grad_enabled() and (x.requires_grad or weights.requires_grad))
        and not weights.is_inference()  # those do not say when they are changed
        and not torch.is_autocast_enabled("cpu")
    )


def has_operators() -> bool:
    """Whether this PyTorch has them, for a processor that they were measured on."""
    return (
        bool(torch.backends.mkldnn.enabled)  # oneDNN can be switched off
        and torch.backends.cpu.get_cpu_capability().startswith("AVX")
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


def ordered(weights: Tensor) -> Tensor:
    """Weights as `torch.nn.Linear` has them, shape (n_out, n_in), in oneDNN's order."""
    in_order: Tensor = torch.ops.mkldnn._reorder_linear_weight(weights.contiguous(), ROWS)
    return in_order


def remembered(weights: Tensor, make: Callable[[Tensor], _Made]) -> _Made:
    """What `make` makes of these weights, made again only once they have changed.

    Args:
        weights: A tensor that stays; always with the same `make`.
        make: From the weights to anything.
    """
    entry: _Entry | None = _ENTRIES.get(weights)
    if entry is None or not entry.fits(weights):
        entry = _Entry(make(weights.detach()), weights.detach(), weights._version)
        _ENTRIES[weights] = entry
    made: _Made = entry.made
    return made


def _by_tap(kernel: Tensor) -> Tensor:
    """A kernel as the rows of frames under it meet it, shape (n_out, taps * n_in)."""
    return kernel.transpose(1, 2).flatten(1)


def multiply(x: Tensor, in_order: Tensor, bias: Tensor | None = None) -> Tensor:
    """Rows of x, shape (..., n_in), times weights in order, and a bias added."""
    y: Tensor = torch.ops.mkldnn._linear_pointwise(x, in_order, bias, "none", [], "")
    return y
