"""What is known of a submission on a simulated machine with GPUs: plain values, typed.

They cross from the worker, where `machine.simulate` runs, as JSON. Nothing here needs PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trial:
    """Import, load and both calls, where the caller put model and audio on one device.

    Attributes:
        device: That device.
        refused: What a GPU would have refused, or "".
        unclear: Why the simulation cannot follow, or "".
        devices: Where the results are, by what they are; empty where a call did not return.
        error: Relative error of the embeddings against those of the CPU, where both are known.
    """

    device: str
    refused: str = ""
    unclear: str = ""
    devices: Mapping[str, str] = field(default_factory=dict)
    error: float | None = None


@dataclass(frozen=True)
class Trials:
    """One trial for each place that a caller may choose on a machine with two GPUs."""

    gpu: Trial
    second: Trial
    cpu: Trial
