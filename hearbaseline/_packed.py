"""Products with weights that stay the same: prepacked once for the CPU, used many times.

PyTorch's matrix products are MKL's on a CPU, which does not know that a matrix comes again. oneDNN,
of which PyTorch has a copy too, takes one that was rearranged ("prepacked") as its kernels read it:
the same float32 product in half the time or less where there is AVX-512, and sooner for few rows
everywhere (docs/speed.md). These are the operators that `torch.compile` uses. Where they are
missing, where weights are trained or not on a CPU, the product is PyTorch's.

The prepacked copy takes as much memory as the weights. It is made when they are first used, and
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
"""Rows of x that weights are prepacked for. The best for any number: what PyTorch 2.11 chooses for
fewer takes up to twice as long for those too."""

_is_compiling = getattr(torch.compiler, "is_compiling", None) or torch._utils.is_compiling
"""The second is that of PyTorch 2.2."""

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
"""By the tensor itself, apart from the models: those are copied, saved and moved as if there was
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
    return multiply(x, cached(matrix, lambda weights: prepack(weights.T)))


class Linear(torch.nn.Linear):
    """`torch.nn.Linear`, in inference with prepacked weights."""

    def forward(self, x: Tensor) -> Tensor:
        """See `torch.nn.Linear`."""
        if not usable(x, self.weight):
            return F.linear(x, self.weight, self.bias)
        return multiply(x, cached(self.weight, prepack), self.bias)


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
        # The frames under the kernel are neighbours in memory: a row for each of its places, shape
        # (n, taps * n_in), begins `stride` frames after the row before, and overlaps it where the
        # taps are more than that.
        rows = x.as_strided((n, taps * n_in), (stride * n_in, 1), x.storage_offset())
        return multiply(rows, cached(kernel, lambda weights: prepack(_by_tap(weights))), bias)
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
    """Whether prepacked weights can be multiplied with, as plain numbers and in float32."""
    return (
        not _is_compiling()  # the compiler prepacks weights itself
        and has_operators()
        and type(x) is Tensor  # not a stand-in for one
        and type(weights) in (Tensor, torch.nn.Parameter)
        and x.device.type == weights.device.type == "cpu"
        and x.dtype == weights.dtype == torch.float32
        and not (torch.is_grad_enabled() and (x.requires_grad or weights.requires_grad))
        and not weights.is_inference()  # those do not say when they are changed
        and not _is_autocast_enabled()
    )


def _is_autocast_enabled() -> bool:
    try:
        return torch.is_autocast_enabled("cpu")
    except TypeError:  # before PyTorch 2.4 it is of GPUs and takes no argument
        return bool(torch.is_autocast_cpu_enabled())


def has_operators() -> bool:
    """Whether this PyTorch has them, for a processor that they were measured on."""
    return (
        bool(torch.backends.mkldnn.enabled)  # oneDNN can be switched off
        and torch.backends.cpu.get_cpu_capability().startswith("AVX")
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


def prepack(weights: Tensor) -> Tensor:
    """Weights as `torch.nn.Linear` has them, shape (n_out, n_in), arranged for oneDNN."""
    prepacked: Tensor = torch.ops.mkldnn._reorder_linear_weight(weights.contiguous(), ROWS)
    return prepacked


def cached(weights: Tensor, make: Callable[[Tensor], _Made]) -> _Made:
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
    # (n_out, n_in, taps) to (n_out, taps, n_in), the numbers of each tap side by side
    return kernel.transpose(1, 2).flatten(1)


def multiply(x: Tensor, prepacked: Tensor, bias: Tensor | None = None) -> Tensor:
    """Rows of x, shape (..., n_in), times prepacked weights, and a bias added."""
    y: Tensor = torch.ops.mkldnn._linear_pointwise(x, prepacked, bias, "none", [], "")
    return y
