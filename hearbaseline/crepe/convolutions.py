"""CREPE's five convolutions in the frequency domain: the same function with far fewer products.

What a layer computes (Kim et al. 2018, section 2; in torchcrepe's order)::

    y[o, p] = sum over c, t of kernel[o, c, t] x[c, p + t - 31]      x is zero outside its positions
    x'      = max_pool(batch_norm(relu(y + bias)), 2)

Three identities turn that into FFTs and matrix products; none of them approximates.

1. A sum of shifted copies is a product in each frequency bin, Y = X @ conj(K), with K transformed
   once. The product wraps around after `length` samples. A kernel reaches at most 32 positions past
   its centre, so 32 zeros behind x are enough for a tap to meet zeros and never x's other end.
   In layer two, which holds four fifths of the operations, 81 complex products stand for 128 x 64
   real ones.
2. The first layer's stride of 4, and the pairs that its pooling compares, are resolved by reading
   the 1024 samples as 128 positions of 8 channels. The even and the odd outputs are then two
   ordinary convolutions with 65 taps, and pooling is their elementwise maximum.
3. Batch norm in inference is scale * relu(z) + shift. The scale goes into kernel and bias; what is
   left of relu, clamping to [0, inf] where the scale is positive and to [-inf, 0] where it is
   negative, preserves order, as adding constants does. So the pool may come first, and the rest
   has half as much to do.

On a CPU memory decides, hence the blocks: 64 channels at a time run through layer one and into the
bins of layer two without leaving the cache.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import pad

from hearbaseline.crepe.bins import Product, to_bins, to_positions

POSITIONS, CHANNELS = 128, 8
"""A frame of 1024 samples as the first layer reads it; 128 are the second layer's positions too."""

REACH = 32
"""Positions past its centre that a kernel reaches: 64 taps at offsets -31 to 32."""

LENGTH = POSITIONS + REACH
"""After which the first two layers' convolutions wrap around."""

BLOCK = 64
"""Channels of the first layer computed together."""

NORM_EPSILON = 0.0010000000474974513
"""Added to the variance in batch norm: the original Keras model's 1e-3, in float32."""


class CrepeConvolutions(torch.nn.Module):
    """Layers one to five of CREPE, for inference.

    Args:
        state: `conv{1..5}.weight`, `.bias` and `conv{1..5}_BN.*` as torchcrepe names and shapes
            them, float32, of any capacity.
    """

    def __init__(self, state: Mapping[str, Tensor]):
        super().__init__()
        self.layers = torch.nn.Sequential(
            _FirstTwoLayers(*_fold(state, 1), *_fold(state, 2)),
            _Layer(*_fold(state, 3), positions=64),
            _Layer(*_fold(state, 4), positions=32),
            _Layer(*_fold(state, 5), positions=16),
        )

    @torch.no_grad()
    def forward(self, frames: Tensor) -> Tensor:
        """Embed frames.

        Args:
            frames: normalised, float32, shape (n_frames, 1024).

        Returns:
            Output of the fifth max-pool, float32, shape (n_frames, channels, 8).
        """
        # An odd number: rows of an even length fall on each other in a CPU's cache when transforms
        # cross them, which costs more than a frame.
        odd = pad(frames, (0, 0, 0, 1 - len(frames) % 2))
        embedded: Tensor = self.layers(odd)
        return embedded[: len(frames)]


class _FirstTwoLayers(torch.nn.Module):
    """(n_frames, 1024) to (n_frames, out, 64), in blocks of the channels between the layers."""

    def __init__(self, kernel1: Tensor, terms1: Tensor, kernel2: Tensor, terms2: Tensor):
        super().__init__()
        blocks = zip(torch.split(kernel1, BLOCK), torch.split(terms1, BLOCK, dim=1), strict=True)
        self.blocks = torch.nn.ModuleList(_Block(*block) for block in blocks)
        self.product = Product(kernel2, 1 - REACH, LENGTH)
        self.activation = _Activation(terms2)

    def forward(self, frames: Tensor) -> Tensor:
        channels_first = frames.reshape(-1, POSITIONS, CHANNELS).transpose(1, 2)
        x = to_bins(channels_first, LENGTH)
        sums = self.product.sums(frames)
        for block in self.blocks:
            sums.add(block(x))
        y = to_positions(sums.total(), LENGTH)
        activated: Tensor = self.activation(_max_pool(y, POSITIONS))
        return activated


class _Block(torch.nn.Module):
    """Some channels of layer one: (bins, n_frames, 8) to (n_frames, channels, 128)."""

    def __init__(self, kernel: Tensor, terms: Tensor):
        super().__init__()
        # Output 2q + parity meets with its tap t the sample 8q + 4 parity + t - 254: the kernel
        # begins in position q - 32, at its sample 2 where parity is 0, and 6 where it is 1.
        taps = torch.cat([pad(kernel, (2, 6)), pad(kernel, (6, 2))])
        taps = taps.reshape(len(taps), -1, CHANNELS).transpose(1, 2)
        self.product = Product(taps, -REACH, LENGTH)
        self.activation = _Activation(terms)

    def forward(self, x: Tensor) -> Tensor:
        both = to_positions(self.product(x), LENGTH)[..., :POSITIONS]
        activated: Tensor = self.activation(torch.maximum(*both.chunk(2, dim=1)))
        return activated


class _Layer(torch.nn.Module):
    """(n_frames, in, positions) to (n_frames, out, positions / 2)."""

    def __init__(self, kernel: Tensor, terms: Tensor, positions: int):
        super().__init__()
        self.positions = positions
        self.length = positions + min(positions, REACH)
        # No two positions are further apart than this; taps beyond would only meet zeros.
        furthest = min(positions - 1, REACH)
        first = max(-furthest, 1 - REACH)
        within = kernel[..., first + REACH - 1 : furthest + REACH]
        self.product = Product(within, first, self.length)
        self.activation = _Activation(terms)

    def forward(self, x: Tensor) -> Tensor:
        y = self.product(to_bins(x, self.length))
        pooled = _max_pool(to_positions(y, self.length), self.positions)
        activated: Tensor = self.activation(pooled)
        return activated


class _Activation(torch.nn.Module):
    """What follows a folded convolution and its pool; in place.

    Args:
        terms: bias, lower bound, upper bound and shift, shape (4, channels, 1).
    """

    terms: Tensor

    def __init__(self, terms: Tensor):
        super().__init__()
        self.register_buffer("terms", terms, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        bias, low, high, shift = self.terms
        # clamp would do, but does not vectorise where its bounds are spread over positions
        return torch.minimum(torch.maximum(x.add_(bias), low, out=x), high, out=x).add_(shift)


def _fold(state: Mapping[str, Tensor], layer: int) -> tuple[Tensor, Tensor]:
    """Kernel (out, in, taps) and activation terms of a layer, its batch norm folded into them."""
    conv, norm = f"conv{layer}", f"conv{layer}_BN"
    scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + NORM_EPSILON)
    shift = state[f"{norm}.bias"] - scale * state[f"{norm}.running_mean"]
    kernel = state[f"{conv}.weight"].squeeze(3) * scale[:, None, None]
    low = torch.zeros_like(scale).masked_fill(scale < 0, -torch.inf)
    high = torch.zeros_like(scale).masked_fill(scale >= 0, torch.inf)
    return kernel, torch.stack([scale * state[f"{conv}.bias"], low, high, shift])[..., None]


def _max_pool(x: Tensor, positions: int) -> Tensor:
    """The greater of each two neighbours among the first positions."""
    return torch.maximum(x[..., 0:positions:2], x[..., 1:positions:2])
