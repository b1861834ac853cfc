"""Products in every frequency bin: what CREPE's convolutions become (`convolutions`).

Bin b of the output is bin b of the input, a row of channels for each frame, times a complex matrix.
Two ways of computing that are here. Complex products are MKL's, all bins in one call. Where there
is AVX-512, oneDNN computes real ones at up to three times the rate, a bin at a time. With real and
imaginary parts of the frames below each other, and those of the matrix side by side,

    [a]             [aC aD]
    [b] @ [C D]  =  [bC bD],        (a + ib)(C + iD) = (aC - bD) + i(aD + bC)

holds all that is needed, from matrices that are no larger than the complex ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.fft import irfft, rfft

from hearbaseline._packed import cached, multiply, prepack, usable

LEAST_CHANNELS = 256
"""With fewer, calls take longer than the products in them."""


_INPUTS = 32
"""Inputs whose part of a kernel is transformed at a time."""


class Product(torch.nn.Module):
    """A convolution as the bins see it: a product with a matrix in each.

    Args:
        kernel: Shape (out, in, taps).
        first: The first tap's offset from the output's position.
        length: Positions after which the convolution wraps around.
    """

    pairs: Tensor

    def __init__(self, kernel: Tensor, first: int, length: int):
        super().__init__()
        self.length = length
        n_out, n_in, taps = kernel.shape
        begin = first % length
        before = min(taps, length - begin)
        # Pairs of reals: Module.to(torch.float32) would drop the imaginary parts, and what PyTorch
        # 2.2 returns for dtype.to_complex() is freed memory.
        pairs = kernel.new_empty(length // 2 + 1, n_in, n_out, 2)
        matrices = torch.view_as_complex(pairs)
        # A few inputs at a time, which a cache holds while their axes change places.
        for some in range(0, n_in, _INPUTS):
            block = kernel[:, some : some + _INPUTS]
            wrapped = kernel.new_zeros(*block.shape[:2], length)
            wrapped[..., begin : begin + before] = block[..., :before]
            wrapped[..., : taps - before] = block[..., before:]
            # (out, in, bins) to (bins, in, out)
            matrices[:, some : some + _INPUTS] = rfft(wrapped).conj().permute(2, 1, 0)
        self.register_buffer("pairs", pairs, persistent=False)

    @property
    def matrices(self) -> Tensor:
        """Complex, shape (bins, in, out)."""
        return torch.view_as_complex(self.pairs)

    def forward(self, x: Tensor) -> Tensor:
        """From bins (bins, n_frames, in) to bins (bins, n_frames, out)."""
        return torch.bmm(x, self.matrices)

    def sums(self, like: Tensor) -> Sums:
        """The product of frames whose channels come a few at a time.

        Args:
            like: Frames first; says how many, and where they are.
        """
        sums = _RealSums if real_pays(like, self.pairs) else _ComplexSums
        return sums(self, len(like))

    def planes(self) -> list[Tensor]:
        """For each bin, the matrix's real part and imaginary part side by side, prepacked."""
        # (bins, in, out, 2) to (bins, 2 * out, in): real parts above imaginary parts, as Linear's
        return cached(
            self.pairs,
            lambda pairs: [prepack(both) for both in pairs.permute(0, 3, 2, 1).flatten(1, 2)],
        )


def real_pays(like: Tensor, pairs: Tensor) -> bool:
    """Whether real products are possible, and faster than complex ones."""
    avx512 = torch.backends.cpu.get_cpu_capability() == "AVX512"
    return avx512 and pairs.shape[1] >= LEAST_CHANNELS and usable(like, pairs)


class Sums(ABC):
    """What the channels of frames add to a product's sums."""

    def __init__(self, product: Product):
        self.product = product
        self.channels = 0

    def add(self, x: Tensor) -> None:
        """Add the next channels: shape (n_frames, channels, positions)."""
        some = slice(self.channels, self.channels + x.shape[1])
        self._add(x, some)
        self.channels = some.stop

    @abstractmethod
    def _add(self, x: Tensor, some: slice) -> None:
        """Add these channels."""

    @abstractmethod
    def total(self) -> Tensor:
        """The sums over all channels, shape (bins, n_frames, out)."""


class _ComplexSums(Sums):
    def __init__(self, product: Product, n_frames: int):
        super().__init__(product)
        bins, _, n_out, _ = product.pairs.shape
        self.y = product.matrices.new_zeros(bins, n_frames, n_out)

    def _add(self, x: Tensor, some: slice) -> None:
        self.y.baddbmm_(to_bins(x, self.product.length), self.product.matrices[:, some])

    def total(self) -> Tensor:
        return self.y


class _RealSums(Sums):
    def __init__(self, product: Product, n_frames: int):
        super().__init__(product)
        bins, n_in, _, _ = product.pairs.shape
        self.planes = product.pairs.new_empty(bins, 2, n_frames, n_in)

    def _add(self, x: Tensor, some: slice) -> None:
        # (n_frames, channels, bins, 2) to (bins, 2, n_frames, channels)
        spectrum = torch.view_as_real(rfft(x, n=self.product.length))
        self.planes[..., some] = spectrum.permute(2, 3, 0, 1)

    def total(self) -> Tensor:
        # (bins, 2 * n_frames, in): frames' real parts above their imaginary parts
        rows = self.planes.flatten(1, 2)
        y = torch.stack([multiply(*each) for each in zip(rows, self.product.planes(), strict=True)])
        (ac, ad), (bc, bd) = (part.chunk(2, dim=2) for part in y.chunk(2, dim=1))
        return torch.complex(ac - bd, ad + bc)


def to_bins(x: Tensor, length: int) -> Tensor:
    """(n_frames, channels, positions) to (bins, n_frames, channels)."""
    bins: Tensor = rfft(x, n=length)
    return bins.permute(2, 0, 1).contiguous()


def to_positions(x: Tensor, length: int) -> Tensor:
    """(bins, n_frames, channels) to (n_frames, channels, length)."""
    positions: Tensor = irfft(x.permute(1, 2, 0).contiguous(), n=length)
    return positions
