"""Transformer layers over long sounds: time linear in length, memory too.

Only attention looks from frame to frame, and its cost is the square of the length. So it alone is
windowed: every layer is computed once for each frame, which attends to the frames of a window
around it. Windows of whole models would compute the frames of their overlaps twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from hearbaseline._transformer import EncoderLayer

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
        attended: Frames that are attended to.
        kept: Frames that attend, all of them among those.
    """

    attended: slice
    kept: slice


def windows(n_frames: int, size: int, context: int) -> Iterator[Window]:
    """Windows that together keep each frame once, in order.

    Args:
        n_frames: Length of the sound.
        size: Frames in a window, more than twice the context.
        context: Frames on either side of those kept, at least, where the sound goes on.

    Yields:
        Windows of `size` frames, the last one reaching back from the end; one of all frames where
        those are fewer.
    """
    kept = 0
    while kept < n_frames:
        begin = max(min(kept - context, n_frames - size), 0)
        end = min(begin + size, n_frames)
        last = n_frames if end == n_frames else end - context
        yield Window(slice(begin, end), slice(kept, last))
        kept = last


def transform(layer: EncoderLayer, x: Tensor) -> Tensor:
    """One transformer layer.

    Args:
        layer: In evaluation mode.
        x: float32, shape (n_sounds, n_frames, size).

    Returns:
        Its output, of the same shape; the layer's own up to `WHOLE` frames.
    """
    if x.shape[1] <= WHOLE:
        alone: Tensor = layer(x)
        return alone
    attention = layer.attention
    y = layer.before_attention(x)
    keys, values = attention.keys_and_values(y)
    out = torch.empty_like(x)
    for window in windows(x.shape[1], WINDOW, CONTEXT):
        queries = attention.queries(y[:, window.kept])
        # Frames are the third axis of keys and values: (n_sounds, n_heads, n_frames, width)
        attended = attention.attend(
            queries, keys[:, :, window.attended], values[:, :, window.attended]
        )
        out[:, window.kept] = layer.after_attention(x[:, window.kept], attended)
    return out
