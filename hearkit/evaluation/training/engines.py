"""Which function trains and tests, by the names of the options."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from ...api.submission import resolved_device
from ...errors import TaskError
from ...files import digest
from ...version import version
from ..data import TaskData
from ..outcome import Journal, Outcome, Plan, Tell

if TYPE_CHECKING:
    from .parts import Where

_NO_MEMORY = ("out of memory", "allocate memory")
"""What PyTorch's errors say where there is none left: on a GPU, and on the CPU."""

_FIRST_SEED = 42
"""The oracle's."""


class Evaluate(Protocol):
    """Evaluates a task; see `exact.evaluate`."""

    def __call__(
        self,
        data: TaskData,
        plan: Plan,
        journal: Journal | None,
        tell: Tell,
        where: Where | None = None,
        /,
    ) -> Outcome:
        """Train, validate and test."""


@dataclass(frozen=True)
class Options:
    """How tasks are evaluated.

    Attributes:
        engine: `exact` is the oracle to the last bit; `fused` is fast.
        probe: `mlp` is HEAR's; the others are outside the protocol.
        plan: How heads are trained.
    """

    engine: Literal["exact", "fused"] = "fused"
    probe: Literal["mlp", "linear", "knn"] = "mlp"
    plan: Plan = field(default_factory=Plan)

    @property
    def name(self) -> str:
        """The engine, or the probe where it is not HEAR's."""
        return self.engine if self.probe == "mlp" else self.probe


def evaluator(options: Options) -> Evaluate:
    """The function that evaluates a task."""
    if options.probe != "mlp":
        from . import probes

        return probes.linear if options.probe == "linear" else probes.knn
    if options.engine == "exact":
        from . import exact

        return exact.evaluate
    from . import fused

    return fused.evaluate


@contextmanager
def fits_into_memory(device: str) -> Iterator[None]:
    """A context in which a lack of memory is one line.

    Args:
        device: Where heads compute.

    Raises:
        TaskError: If there is not enough.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not any(word in str(error) for word in _NO_MEMORY):
            raise
        where = "the GPU's memory" if device != "cpu" else "memory"
        raise TaskError(f"does not fit into {where}; use a machine with more of it") from error


def code_digest() -> str:
    """Digest of our version and of the evaluation's own code."""
    sha = hashlib.sha256(version().encode())
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        sha.update(digest(path).encode())
    return sha.hexdigest()


def plan_of(engine: str, grid: str, grid_points: int, n_seeds: int, device: str) -> Plan:
    """How heads are trained, by the values of the options.

    The first seed is the oracle's. The exact engine is exact on a CPU only, so heads stay there.

    Raises:
        UsageError: If there is no such device.
    """
    chosen = "cpu" if engine == "exact" else resolved_device(device)
    seeds = tuple(range(_FIRST_SEED, _FIRST_SEED + n_seeds))
    return Plan(cast(Any, grid), grid_points, seeds, chosen)
