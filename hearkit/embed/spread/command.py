"""`hear-embed --ray`: from what the command was told to a run on Ray."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from ...api.submission import check_device
from ...cluster import check_address, library
from ...errors import UsageError
from ..counts import Counts, Tell
from ..jobs import Job
from ..results import Results
from . import driver
from .actor import EmbeddingActor
from .messages import Setup
from .pool import RayPool, has_gpu


def check(address: str, device: str) -> None:
    """Refuse what cannot be done on a Ray, before anything is.

    Args:
        address: Of the Ray.
        device: Where the model is to compute.

    Raises:
        UsageError: If the address or the device is none, Ray is not installed, or one GPU is named.
    """
    check_address(address)
    check_device(device)
    library(address)
    if device.startswith("cuda:"):
        raise UsageError(
            f"--device {device}: with --ray there is a worker for each GPU; use cuda, "
            "and CUDA_VISIBLE_DEVICES where not all are meant"
        )


def check_gpu(ray: Any, device: str) -> None:
    """Refuse `--device cuda` on a Ray that has no GPU.

    Args:
        ray: The module `ray`, connected.
        device: Where the model is to compute.

    Raises:
        UsageError: If no node has one.
    """
    if device == "cuda" and not has_gpu(ray.nodes()):
        raise UsageError("--device cuda: no node of the Ray has a GPU; use --device auto or cpu")


def run_on_ray(
    ray: Any,
    jobs: list[Job],
    setup: Setup,
    results: Results,
    *,
    done: Callable[[int], None],
    tell: Tell,
    counts: Counts | None = None,
) -> Counts:
    """Embed jobs on a Ray, see `driver.run`.

    Args:
        ray: The module `ray`, connected, see `cluster.joined`.
        jobs: What to embed.
        setup: What an actor needs to know.
        results: Where results are kept.
        done: Called with the number of jobs that were dealt with.
        tell: Called with one line, and the error if it is one.
        counts: Is kept up to date, and returned; None for a new one.

    Raises:
        UsageError: If the module or the device are not there, or results cannot be written.
        HearError: If the module cannot be loaded.
    """
    check_gpu(ray, setup.submission.device)
    pool = RayPool(ray, EmbeddingActor, setup, lambda line: tell(line, None))
    with contextlib.closing(pool):
        return driver.run(
            jobs, pool, results, setup.batch_size, done=done, tell=tell, counts=counts
        )
