"""A transformer's layer: attention and feed-forward, with the parameter names of torchaudio's.

Vaswani et al.: "Attention Is All You Need", NeurIPS 2017, section 3. `_windows` computes it over
long sounds.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from hearbaseline._packed import Linear


def chosen(layer: int | None, default: int, n_layers: int, path: Path) -> int:
    """The layer whose output is the embedding; 0 is the input of the first.

    Args:
        layer: What the caller wants, if anything.
        default: Otherwise.
        n_layers: Of the transformer.
        path: The checkpoint, for the message.

    Raises:
        ValueError: If there is no such layer.
    """
    number = default if layer is None else layer
    if not 0 <= number <= n_layers:
        raise ValueError(f"layer must be from 0 to {n_layers} in {path}, not {number}")
    return number


class SelfAttention(nn.Module):
    """Attention of each frame to all.

    Args:
        size: Numbers in a frame.
        n_heads: Heads; they share the size out.
        dropout: Share of the attention weights that is dropped in training.

    Raises:
        ValueError: If the size is no multiple of the heads.
    """

    def __init__(self, size: int, n_heads: int, dropout: float):
        super().__init__()
        if size % n_heads:
            raise ValueError(f"{n_heads} attention heads cannot share {size} numbers out")
        self.n_heads = n_heads
        self.dropout = dropout
        self.k_proj = Linear(size, size)
        self.v_proj = Linear(size, size)
        self.q_proj = Linear(size, size)
        self.out_proj = Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, size), in and out."""
        return self.attend(self.queries(x), *self.keys_and_values(x))

    def queries(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, n_heads, n_frames, size / n_heads)."""
        return self._split(self.q_proj(x))

    def keys_and_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Two of shape (n_sounds, n_heads, n_frames, size / n_heads)."""
        return self._split(self.k_proj(x)), self._split(self.v_proj(x))

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Shape (n_sounds, n_queries, size), from all of the keys' frames."""
        dropout = self.dropout if self.training else 0.0
        heads = F.scaled_dot_product_attention(queries, keys, values, dropout_p=dropout)
        # (n_sounds, n_heads, n_queries, width): a frame's heads go side by side
        attended: Tensor = self.out_proj(heads.transpose(1, 2).flatten(2))
        return attended

    def _split(self, x: Tensor) -> Tensor:
        # (n_sounds, n_frames, n_heads * width) to (n_sounds, n_heads, n_frames, width)
        return x.view(*x.shape[:2], self.n_heads, -1).transpose(1, 2)


class FeedForward(nn.Module):
    """Two dense layers with a GELU between them, for each frame alone."""

    def __init__(self, size: int, n_between: int, dropout_between: float, dropout: float):
        super().__init__()
        self.intermediate_dense = Linear(size, n_between)
        self.intermediate_dropout = nn.Dropout(dropout_between)
        self.output_dense = Linear(n_between, size)
        self.output_dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, size), in and out."""
        x = self.intermediate_dropout(F.gelu(self.intermediate_dense(x)))
        dense: Tensor = self.output_dropout(self.output_dense(x))
        return dense


class EncoderLayer(nn.Module):
    """Attention and feed-forward, each with a shortcut and a norm.

    Args:
        attention: The one.
        feed_forward: The other.
        size: Numbers in a frame.
        dropout: Share of the attention's output that is dropped in training.
        layer_norm_first: Whether norms come before the two, or behind the shortcuts around them.
    """

    def __init__(
        self,
        attention: SelfAttention,
        feed_forward: FeedForward,
        size: int,
        *,
        dropout: float,
        layer_norm_first: bool,
    ):
        super().__init__()
        self.attention = attention
        self.dropout = nn.Dropout(dropout)
        self.layer_norm = nn.LayerNorm(size)
        self.layer_norm_first = layer_norm_first
        self.feed_forward = feed_forward
        self.final_layer_norm = nn.LayerNorm(size)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, size), in and out."""
        return self.after_attention(x, self.attention(self.before_attention(x)))

    def before_attention(self, x: Tensor) -> Tensor:
        """What attends, and is attended to."""
        normed: Tensor = self.layer_norm(x) if self.layer_norm_first else x
        return normed

    def after_attention(self, x: Tensor, attended: Tensor) -> Tensor:
        """The layer's output, frame by frame.

        Args:
            x: The layer's input.
            attended: The attention's output for the same frames.
        """
        x = x + self.dropout(attended)
        if self.layer_norm_first:
            output: Tensor = x + self.feed_forward(self.final_layer_norm(x))
        else:
            x = self.layer_norm(x)
            output = self.final_layer_norm(x + self.feed_forward(x))
        return output
