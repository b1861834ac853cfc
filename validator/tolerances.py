"""How far apart numbers may be that ought to be the same, each with the reason."""

from __future__ import annotations

from typing import Final

REPEAT_TOLERANCE: Final = 1e-5
"""Relative error between two answers to the same question: atomics on a GPU reorder float32
sums (eps 1.2e-7, over thousands of terms), and nothing else may differ."""

BATCH_TOLERANCE: Final = 1e-4
"""Relative error between a sound alone and in a batch: kernels chosen for other shapes sum
float32 in another order; deep networks amplify that to about 1e-5, logarithms near silence
a little further."""

BATCH_TOLERANCE_GPU: Final = 2e-3
"""The same on a GPU, where PyTorch lets convolutions keep 10 bits of mantissa (TF32), rounded
otherwise by the kernel that each shape gets."""

_COARSE: Final = {"bfloat16": 3e-2, "float16": 4e-3, "float8_e4m3": 0.25, "float8_e5m2": 0.5}
_WHOLE: Final = 1e-2


def coarseness(dtype: str) -> float:
    """Relative error between two results of a dtype that are rounded otherwise.

    Whether the dtype is the right one is for a check of its own.
    """
    if "int" in dtype or dtype == "bool":
        return _WHOLE
    return next((error for name, error in _COARSE.items() if dtype.startswith(name)), 0.0)


DEVICE_TOLERANCE: Final = 1e-2
"""Relative error between CPU and GPU: TF32 convolutions keep 10 bits of mantissa (1e-3)."""
