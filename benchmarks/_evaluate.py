"""One engine on one folder of embeddings, in a process of its own: `_evaluate.py ENGINE FOLDER`."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from hearkit.evaluation.embeddings import heareval_layout
from hearkit.evaluation.training.engines import Options, evaluator, plan_of
from hearkit.evaluation.training.fused_fold import Fold


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
    evaluate = evaluator(Options(cast(Any, engine)))
    data = heareval_layout.read(Path(folder))
    plan = plan_of(engine, grid, int(points), 1, device)
    done = _counting() if count == "count" else []
    start = time.perf_counter()
    outcome = evaluate(data, plan, None, _silent)
    seconds = time.perf_counter() - start
    primary = [test.values["test_score"] for test in outcome.tests]
    told = {
        "seconds": seconds,
        "stages": outcome.seconds,
        "operations": sum(done),
        "score": sum(primary) / len(primary),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(told))


def _counting() -> list[int]:
    """Have `fused` count the operations of each training and test, in whichever thread it runs."""
    from benchmarks._count import operations

    done: list[int] = []

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            result, n = operations(lambda: method(*arguments))
            done.append(n)
            return result

        return call

    for name in ("fit", "test"):
        setattr(Fold, name, counted(getattr(Fold, name)))
    return done


def _silent(done: int, total: int, what: str) -> None:
    """A run's progress is nobody's business here."""


if __name__ == "__main__":
    main(*sys.argv[1:])
