"""One engine on one folder of embeddings, in a process of its own: `_evaluate.py ENGINE FOLDER`."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Literal, cast

from hearkit.evaluation.embeddings import heareval_layout
from hearkit.evaluation.outcome import Plan


def main(engine: str, folder: str, grid: str, points: str, device: str, count: str) -> None:
    """Evaluate and print a line of JSON with what it took.

    Args:
        engine: `exact` or `fused`.
        folder: Embeddings in heareval's layout.
        grid: Name of the grid.
        points: Number of its points.
        device: Where heads compute.
        count: `count` to count operations, which takes a little time.
    """
    module = importlib.import_module(f"hearkit.evaluation.{engine}")
    data = heareval_layout.read(Path(folder))
    plan = Plan(cast(Literal["default", "fast", "faster"], grid), int(points), device=device)
    start = time.perf_counter()
    if count == "count":
        from benchmarks._count import operations

        outcome, done = operations(lambda: module.evaluate(data, plan))
    else:
        outcome, done = module.evaluate(data, plan), 0
    seconds = time.perf_counter() - start
    primary = [test.values["test_score"] for test in outcome.tests]
    told = {
        "seconds": seconds,
        "stages": outcome.seconds,
        "operations": done,
        "score": sum(primary) / len(primary),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
