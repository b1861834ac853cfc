"""The evaluation as a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from ..errors import HearError
from .job import Follow
from .results import Results, TaskResult
from .scoring import score_module
from .tasks import folder
from .training.engines import Options, plan_of


def evaluate(
    module: str,
    weights: str | Path | None = None,
    *,
    tasks: str | Path | Iterable[str | Path],
    out: str | Path,
    engine: Literal["exact", "fused"] = "fused",
    grid: Literal["default", "fast", "faster"] = "default",
    grid_points: int = 8,
    seeds: int = 1,
    probe: Literal["mlp", "linear", "knn"] = "mlp",
    device: str = "auto",
    in_process: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
) -> Results:
    """Score a HEAR module on tasks, as `hear-eval run` does.

    Args:
        module: Name of the module.
        weights: Path of its checkpoint.
        tasks: Task folders, or folders that hold some.
        out: Folder for results. What is there and current is taken as it is.
        engine: `exact` has HEAR's figures to the last digit; `fused` is faster.
        grid: Hyperparameters to choose from; HEAR's is `default`.
        grid_points: Points of the grid that are tried; HEAR's are 8.
        seeds: Number of evaluations with different seeds, the first of them HEAR's.
        probe: What is trained on the embeddings; HEAR's is `mlp`.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        in_process: Whether the module runs in this process, unprotected.
        progress: Called with what is done, what is to be done, and words for it.

    Returns:
        Results of the tasks. A task that could not be scored is among `failures`.

    Raises:
        UsageError: If a task or the module does not exist, or results cannot be written.
        SubmissionError: If the module cannot be imported or loaded.

    Examples:
        >>> from hearkit.evaluation import evaluate
        >>> results = evaluate(
        ...     "hearbaseline",
        ...     tasks="hear-2021.0.6",
        ...     out="results",
        ...     grid="faster",
        ...     grid_points=1,
        ...     in_process=True,
        ... )
        >>> [(result.task, result.score) for result in results.tasks]
        [('spoken_digit-1.0.9-small', 'top1_acc')]
    """
    given = [tasks] if isinstance(tasks, (str, Path)) else list(tasks)
    options = Options(engine, probe, plan_of(engine, grid, grid_points, seeds, device))

    def tell(done: int, total: int, what: str) -> None:
        if progress is not None:
            progress(done, total, what)

    def line(text: str, error: HearError | None) -> None:
        """Everything told so is in the results as well."""

    def finished(called: str, result: TaskResult, is_new: bool) -> None:
        """Results are returned."""

    return score_module(
        module,
        weights,
        folder.find(map(Path, given)),
        Path(out),
        options,
        Follow(tell, line, finished),
        device=device,
        in_process=in_process,
        command="evaluate",
    )
