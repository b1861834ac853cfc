"""Transformer layers over long sounds: time linear in length, memory too.

Only attention looks from frame to frame, and its cost is the square of the length. So it alone is
windowed: every layer is computed once for each frame, which attends to the frames of a window
around it. Windows of whole models would compute the frames of their overlaps twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

WHOLE = 1500
"""Frames in whose sounds, 30 s long, each attends to all: the result is exactly the model's."""

WINDOW = 750
"""Frames that each attends to in longer sounds: 15 s. Twice as many take a tenth more time and
halve the difference from attention to all."""

CONTEXT = 250
"""Frames that each attends to on either side, at least, where the sound goes on: 5 s. It hears
that much further with every layer."""


@dataclass(frozen=True)
class Window:
    """A stretch of frames that the frames in its middle attend to.

    Attributes:
        seen: Frames attended to.
        kept: Frames that attend, all of them seen.
    """

    seen: slice
    kept: slice


def windows(n_frames: int) -> Iterator[Window]:
    """Windows that together keep each frame once, in order.

    Args:
        n_frames: Of the sound, at least `WINDOW`.

    Yields:
        Windows of `WINDOW` frames, the last one reaching back from the end.
    """
    kept = 0
    while kept < n_frames:
        begin = max(min(kept - CONTEXT, n_frames - WINDOW), 0)
        end = begin + WINDOW
        last = n_frames if end == n_frames else end - CONTEXT
        yield Window(slice(begin, end), slice(kept, last))
        kept = last


def transform(layer: Any, x: Tensor) -> Tensor:
    """One transformer layer.

    Args:
        layer: torchaudio's `EncoderLayer`, in evaluation mode.
        x: float32, shape (n_sounds, n_frames, size).

    Returns:
        Its output, of the same shape; the layer's own up to `WHOLE` frames.
    """
    if x.shape[1] <= WHOLE:
        alone: Tensor = layer(x)[0]
        return alone
    attention = layer.attention

    def heads(y: Tensor) -> Tensor:
        return y.view(*y.shape[:2], attention.num_heads, -1).transpose(1, 2)

    y = layer.layer_norm(x) if layer.layer_norm_first else x
    keys, values = heads(attention.k_proj(y)), heads(attention.v_proj(y))
    out = torch.empty_like(x)
    for window in windows(x.shape[1]):
        queries = heads(attention.q_proj(y[:, window.kept]))
        heard = F.scaled_dot_product_attention(
            queries, keys[:, :, window.seen], values[:, :, window.seen]
        )
        z = x[:, window.kept] + attention.out_proj(heard.transpose(1, 2).flatten(2))
        if layer.layer_norm_first:
            z = z + layer.feed_forward(layer.final_layer_norm(z))
        else:
            z = layer.layer_norm(z)
            z = layer.final_layer_norm(z + layer.feed_forward(z))
        out[:, window.kept] = z
    return out
