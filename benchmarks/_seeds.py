"""Both engines over many seeds, on one folder: `_seeds.py FOLDER GRID POINTS SEEDS`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal, cast

import numpy as np

from hearkit.evaluation.embeddings import heareval_layout
from hearkit.evaluation.outcome import Plan
from hearkit.evaluation.training import exact, fused


def main(folder: str, grid: str, points: str, n_seeds: str) -> None:
    """Print a line of JSON: means and deviations of the test score, and how far they are apart.

    Args:
        folder: Embeddings in heareval's layout.
        grid: Name of the grid.
        points: Number of its points.
        n_seeds: Number of seeds, from 42 on.
    """
    from scipy import stats

    data = heareval_layout.read(Path(folder))
    seeds = tuple(range(42, 42 + int(n_seeds)))
    plan = Plan(cast(Literal["default", "fast", "faster"], grid), int(points), seeds)
    scores = []
    for engine in (exact, fused):
        outcome = engine.evaluate(data, plan)
        scores.append(
            np.array(
                [
                    np.mean([t.values["test_score"] for t in outcome.tests if t.seed == seed])
                    for seed in seeds
                ]
            )
        )
    ours, fast = scores
    told = {
        "task": data.folder,
        "exact": [float(ours.mean()), float(ours.std(ddof=1))],
        "fused": [float(fast.mean()), float(fast.std(ddof=1))],
        "Welch p": float(stats.ttest_ind(ours, fast, equal_var=False).pvalue),
        "Kolmogorov-Smirnov p": float(stats.ks_2samp(ours, fast).pvalue),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
