"""Channels mixed to their mean and resampled while they are read."""

from __future__ import annotations

from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from .kinds import RefusedError

BLOCK = 1 << 18
"""Samples a channel dealt with at once: of a long recording, only the mix is held whole."""

_LARGE = 1 << 24
"""Samples from which on free memory is looked at before more is asked for; 64 MB."""

_SHARE = 0.25
"""Part of the free memory that a sound may take: the module's process has it, too, and more."""


class Mono:
    """The mix of what it is given, at one sample rate.

    Args:
        sample_rate: Hz.

    Attributes:
        duration_s: Seconds that it was given.
        peak: Largest absolute sample that it was given.
        mixed_peak: The same, of the mean over channels.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.duration_s = self.peak = self.mixed_peak = 0.0
        self._rate = 0
        self._resampler: Any = None
        self._samples = _Growing()

    def add(self, block: NDArray[np.float32], rate: int) -> None:
        """Add samples.

        Args:
            block: Shape (n_samples, n_channels).
            rate: Hz; it may change from block to block.

        Raises:
            RefusedError: If a sample is NaN or infinite.
            MemoryError: If the mix does not fit into memory.
        """
        if rate != self._rate:
            self._begin(rate)
        highest = float(np.abs(block).max(initial=0.0))
        if not np.isfinite(highest):
            at = self.duration_s + int(np.argmin(np.isfinite(block).all(axis=1))) / rate
            raise RefusedError(
                f"holds samples that are NaN or infinite, the first at {at:.3f} s; skipped, export "
                "it again"
            )
        self.peak = max(self.peak, highest)
        # A product, since numpy's mean over an axis of two is 40 times slower.
        n_channels = block.shape[1]
        mixed = block @ np.full(n_channels, 1 / n_channels, np.float32)
        self.mixed_peak = max(self.mixed_peak, float(np.abs(mixed).max(initial=0.0)))
        self._n += len(block)
        self.duration_s = self._before_s + self._n / rate
        # Of a second at a low rate, the resampler makes thousands of times as many samples.
        ratio = self._sample_rate / rate
        self._samples.check_room(int(len(mixed) * ratio))
        size = max(1, int(_LARGE / max(1.0, ratio)))
        for start in range(0, len(mixed), size):
            self._samples.add(self._resampler.resample_chunk(mixed[start : start + size]))

    def _begin(self, rate: int) -> None:
        """What follows has another rate."""
        import soxr

        if rate < 1:
            raise RefusedError(f"its header says {rate} Hz; skipped")
        self._finish()
        self._rate, self._n, self._before_s = rate, 0, self.duration_s
        self._resampler = soxr.ResampleStream(rate, self._sample_rate, 1, "float32", quality="VHQ")

    def _finish(self) -> None:
        if self._resampler is not None:
            self._samples.add(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
            self._resampler = None

    def audio(self) -> NDArray[np.float32]:
        """The mix, shape (n_samples,)."""
        self._finish()
        return self._samples.whole()


class _Growing:
    """An array that grows where it is: long ones move without a copy."""

    def __init__(self) -> None:
        self._array = np.zeros(0, np.float32)
        self._n = 0

    def add(self, more: NDArray[np.float32]) -> None:
        wanted = self._n + len(more)
        if wanted > len(self._array):
            self._resize(max(wanted, len(self._array) + len(self._array) // 4))
        self._array[self._n : wanted] = more
        self._n = wanted

    def check_room(self, more: int) -> None:
        """Raise where more samples do not fit, since the system would end a process instead.

        Raises:
            MemoryError: See above.
        """
        wanted = 4 * (self._n + more)
        if wanted > 4 * _LARGE and wanted > _SHARE * psutil.virtual_memory().available:
            raise MemoryError

    def _resize(self, size: int) -> None:
        # Nobody else knows the array yet.
        self._array.resize(size, refcheck=False)

    def whole(self) -> NDArray[np.float32]:
        self._array.resize(self._n, refcheck=False)
        return self._array
