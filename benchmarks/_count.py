"""Operations counted as they run, and the bytes that no way of computing can avoid to move.

Counted are matrix products, convolutions and attention, two operations for a product and its sum
(eight where they are complex), and Fourier transforms, for which the customary 5/2 N log2 N of a
real transform of N points stands (Johnson and Frigo, "A Modified Split-Radix FFT With Fewer
Arithmetic Operations", IEEE Trans. Signal Processing 55(1), 2007, count 5 N log2 N for a complex
one). What is done number by number, a window, a logarithm, a maximum, is not counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop

_aten = torch.ops.aten


def operations(function: Callable[[], Any]) -> tuple[Any, int]:
    """Call a function and count what it does on this thread.

    Returns:
        What the function returned, and its operations.
    """
    with FlopCounterMode(display=False, custom_mapping=_FORMULAS) as counter:
        result = function()
    return result, int(counter.get_total_flops())


def least_bytes(audio: Tensor, model: torch.nn.Module, result: Tensor) -> int:
    """Bytes of what must be read once and written once: the audio, the weights, the result."""
    tensors = (audio, *model.state_dict().values(), result)
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def transform(points: int, *, real: bool) -> float:
    """Operations of a Fourier transform of so many points."""
    return (2.5 if real else 5.0) * points * math.log2(points)


def _raw(formula: Callable[..., int]) -> Callable[..., int]:
    """Mark a formula as one that takes the tensors themselves, not their shapes."""
    formula._get_raw = True  # type: ignore[attr-defined]
    return formula


def _product(a: Tensor, b: Tensor) -> int:
    """(..., m, k) times (..., k, n)."""
    return (8 if a.is_complex() else 2) * a.numel() * b.shape[-1]


@_raw
def _mm(a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    return _product(a, b)


@_raw
def _addmm(_: Tensor, a: Tensor, b: Tensor, *__: Any, **___: Any) -> int:
    return _product(a, b)


@_raw
def _prepacked(x: Tensor, weights: Tensor, *_: Any, **__: Any) -> int:
    """(..., k) times weights of shape (n, k) that oneDNN has prepacked."""
    return 2 * x.numel() * weights.shape[0]


def _transforms(x: Tensor, dims: list[int], out: Tensor, *, real: bool) -> int:
    """Of all the lines along some dimensions; the longer side has a real transform's points."""
    points = math.prod(max(x.shape[d], out.shape[d]) for d in dims)
    lines = math.prod(n for d, n in enumerate(x.shape) if d not in {d % x.ndim for d in dims})
    return round(lines * transform(points, real=real))


@_raw
def _real(x: Tensor, dims: list[int], *_: Any, out_val: Tensor, **__: Any) -> int:
    return _transforms(x, dims, out_val, real=True)


@_raw
def _complex(x: Tensor, dims: list[int], *_: Any, out_val: Tensor, **__: Any) -> int:
    return _transforms(x, dims, out_val, real=False)


def _attention(
    query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...], *_: Any, **__: Any
) -> int:
    return int(sdpa_flop(query, key, value))


# PyTorch's own table counts complex products as real ones and knows no transforms, no products in
# place or with prepacked weights, and no attention on a CPU.
_FORMULAS = {
    _aten.mm: _mm,
    _aten.bmm: _mm,
    _aten.addmm: _addmm,
    _aten.addmm_: _addmm,
    _aten.baddbmm: _addmm,
    _aten.baddbmm_: _addmm,
    torch.ops.mkldnn._linear_pointwise: _prepacked,
    _aten._fft_r2c: _real,
    _aten._fft_c2r: _real,
    _aten._fft_c2c: _complex,
    _aten._scaled_dot_product_flash_attention_for_cpu: _attention,
}
