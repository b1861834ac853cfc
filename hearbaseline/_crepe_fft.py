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

On a CPU memory decides, hence the blocks: 64 channels at a time run through layer one and their
share of layer two without leaving the cache.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.fft import irfft, rfft
from torch.nn.functional import pad

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
        embedded: Tensor = self.layers(frames)
        return embedded


class _FirstTwoLayers(torch.nn.Module):
    """(n_frames, 1024) to (n_frames, out, 64), in blocks of the channels between the layers."""

    def __init__(self, kernel1: Tensor, terms1: Tensor, kernel2: Tensor, terms2: Tensor):
        super().__init__()
        channels = [slice(first, first + BLOCK) for first in range(0, len(kernel1), BLOCK)]
        self.blocks = torch.nn.ModuleList(
            _Block(kernel1[some], terms1[:, some], kernel2[:, some]) for some in channels
        )
        self.activation = _Activation(terms2)
        self.n_out = len(kernel2)

    def forward(self, frames: Tensor) -> Tensor:
        channels_first = frames.reshape(-1, POSITIONS, CHANNELS).transpose(1, 2)
        x = _to_bins(channels_first, LENGTH)
        y = x.new_zeros(*x.shape[:2], self.n_out)
        for block in self.blocks:
            block(x, y)
        activated: Tensor = self.activation(_max_pool(_to_positions(y, LENGTH), POSITIONS))
        return activated


class _Block(torch.nn.Module):
    """Some channels through layer one, and what they add to layer two's sums, in place."""

    def __init__(self, kernel1: Tensor, terms1: Tensor, kernel2: Tensor):
        super().__init__()
        # Output 2q + parity meets with its tap t the sample 8q + 4 parity + t - 254: the kernel
        # begins in position q - 32, at its sample 2 where parity is 0, and 6 where it is 1.
        taps = torch.cat([pad(kernel1, (2, 6)), pad(kernel1, (6, 2))])
        taps = taps.reshape(len(taps), -1, CHANNELS).transpose(1, 2)
        self.first = _Product(taps, -REACH, LENGTH)
        self.activation = _Activation(terms1)
        self.second = _Product(kernel2, 1 - REACH, LENGTH)

    def forward(self, x: Tensor, y: Tensor) -> None:
        both = _to_positions(torch.bmm(x, self.first.matrices), LENGTH)[..., :POSITIONS]
        pooled = torch.maximum(*both.chunk(2, dim=1))
        y.baddbmm_(_to_bins(self.activation(pooled), LENGTH), self.second.matrices)


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
        self.product = _Product(within, first, self.length)
        self.activation = _Activation(terms)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.bmm(_to_bins(x, self.length), self.product.matrices)
        pooled = _max_pool(_to_positions(y, self.length), self.positions)
        activated: Tensor = self.activation(pooled)
        return activated


class _Product(torch.nn.Module):
    """A convolution as the bins see it: a product with a matrix in each.

    Args:
        kernel: shape (out, in, taps).
        first: the first tap's offset from the output's position.
        length: positions after which the convolution wraps around.
    """

    pairs: Tensor

    def __init__(self, kernel: Tensor, first: int, length: int):
        super().__init__()
        wrapped = kernel.new_zeros(*kernel.shape[:2], length)
        wrapped[..., (torch.arange(kernel.shape[2]) + first) % length] = kernel
        matrices = rfft(wrapped).permute(2, 1, 0).conj().resolve_conj().contiguous()
        # Kept as pairs of reals: Module.to(torch.float32) would drop the imaginary parts.
        self.register_buffer("pairs", torch.view_as_real(matrices), persistent=False)

    @property
    def matrices(self) -> Tensor:
        """Complex, shape (bins, in, out)."""
        return torch.view_as_complex(self.pairs)


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


def _to_bins(x: Tensor, length: int) -> Tensor:
    """(n_frames, channels, positions) to (bins, n_frames, channels)."""
    bins: Tensor = rfft(x, n=length)
    return bins.permute(2, 0, 1).contiguous()


def _to_positions(x: Tensor, length: int) -> Tensor:
    """(bins, n_frames, channels) to (n_frames, channels, length)."""
    positions: Tensor = irfft(x.permute(1, 2, 0).contiguous(), n=length)
    return positions


def _max_pool(x: Tensor, positions: int) -> Tensor:
    """The greater of each two neighbours among the first positions."""
    return torch.maximum(x[..., 0:positions:2], x[..., 1:positions:2])
