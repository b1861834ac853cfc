"""What is scored: a module on task folders, or embeddings that heareval wrote."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from ..api.submission import Submission
from ..embed.connect import connect
from ..embed.model import Embedder
from ..errors import UsageError
from .embeddings import heareval_layout, store
from .embeddings.embedding import embed
from .embeddings.model import Here, Model
from .embeddings.work import Batching
from .job import Follow, Job, Named, Prepared, state_folder
from .outcome import Tell
from .results import Results
from .run import run, run_all
from .tasks import folder
from .together import Elsewhere
from .training.engines import Options

_LAYOUT = "embeddings"
"""Folder below `--out` for embeddings in heareval's layout; heareval calls it so."""


def score_module(
    module: str,
    weights: str | Path | None,
    tasks: Sequence[Path],
    out: Path,
    options: Options,
    follow: Follow,
    *,
    device: str = "cpu",
    in_process: bool = False,
    seconds: float = 300.0,
    memory_gb: float | None = None,
    export: bool = False,
    command: str = "hear-eval",
) -> Results:
    """Embed tasks with a module and score it.

    Args:
        module: Name of the HEAR module.
        weights: Path of its checkpoint.
        tasks: The task folders.
        out: Folder for results.
        options: How tasks are evaluated.
        follow: How the caller follows the run.
        device: Device of the module.
        in_process: Whether the module runs in this process.
        seconds: Seconds for each call, on top of ten times the audio's length.
        memory_gb: Memory of the module's process, in GB; None for three quarters of what is free.
        export: Whether embeddings are written in heareval's layout as well.
        command: What messages call the caller.

    Raises:
        UsageError: If the module or the device do not exist, or results cannot be written.
        SubmissionError: If the module cannot be imported or loaded.
    """
    from ..api.process import free_memory_bytes

    memory = free_memory_bytes() if memory_gb is None else int(memory_gb * 1e9)
    submission = Submission.of(module, weights, device)
    connection = connect(
        submission,
        seconds=seconds,
        memory_bytes=memory,
        command=command,
        in_process=in_process,
    )
    with closing(connection):
        embedder = Embedder(submission, lambda _: connection, weights=str(weights or "") or None)
        model = Here(embedder, memory)
        jobs = jobs_of(tasks, model, out, options, export=export)
        return run(jobs, named(model), out, options, follow)


def named(model: Model) -> Named:
    """What is scored."""
    return Named(model.name, model.weights, model.key)


def jobs_of(
    tasks: Sequence[Path], model: Model, out: Path, options: Options, *, export: bool
) -> list[Job]:
    """The tasks, each of which brings its embeddings.

    Args:
        tasks: The task folders.
        model: Embeds them.
        out: Folder for results.
        options: How tasks are evaluated.
        export: Whether embeddings are written in heareval's layout as well.
    """
    batching: Batching = "oracle" if options.name == "exact" else "memory"
    layout = out / _LAYOUT / model.name if export else None
    return [
        Job(path.resolve().name, _Embedding(path, model, out, batching, layout)) for path in tasks
    ]


class _Embedding:
    """Prepares a task by embedding it.

    Args:
        path: The task folder.
        model: The model.
        out: Folder for results.
        batching: How recordings are batched.
        layout: Where embeddings go in heareval's layout; None for nowhere.
    """

    def __init__(
        self, path: Path, model: Model, out: Path, batching: Batching, layout: Path | None
    ) -> None:
        self._path = path
        self._model = model
        self._store = state_folder(out) / "embeddings"
        self._batching = batching
        self._layout = layout

    def __call__(self, tell: Tell) -> Prepared:
        """Embed what is missing."""
        task, notes = folder.read(self._path)
        found = embed(task, self._model, self._store, batching=self._batching, tell=tell)
        if self._layout is not None:
            heareval_layout.write(found.data, self._layout / task.name)
        return Prepared(found.data, found.key, found.seconds, found.resampled, tuple(notes))


def score_folders(
    embeddings: Sequence[Path],
    out: Path,
    options: Options,
    follow: Follow,
    elsewhere: Elsewhere | None = None,
) -> list[Results]:
    """Score embeddings that heareval wrote.

    Args:
        embeddings: Folders `embeddings/<module>/<task>`, or folders that hold some.
        out: Folder for results.
        options: How tasks are evaluated.
        follow: How the caller follows the run.
        elsewhere: Who evaluates; None for this process.

    Returns:
        Results of each module.

    Raises:
        UsageError: If there are no embeddings, or results cannot be written.
    """
    modules: dict[str, dict[str, Path]] = {}
    for path in _layout_folders(embeddings):
        named = modules.setdefault(path.resolve().parent.name, {})
        before = named.setdefault(path.resolve().name, path)
        if before.resolve() != path.resolve():
            raise UsageError(f"{before} and {path}: have the same module and task; score one")
    whole = [
        (Named(module), [Job(name, _Reading(path)) for name, path in tasks.items()])
        for module, tasks in modules.items()
    ]
    return run_all(whole, out, options, follow, elsewhere)


def _layout_folders(given: Sequence[Path]) -> list[Path]:
    found = []
    for path in given:
        if not path.is_dir():
            raise UsageError(f"{path}: there is no such folder; name what heareval wrote")
        below = (
            [path]
            if heareval_layout.is_layout(path)
            else [p for p in _children(path, 2) if heareval_layout.is_layout(p)]
        )
        if not below:
            raise UsageError(
                f"{path}: holds no embeddings of heareval; name a folder embeddings/MODULE/TASK"
            )
        found += below
    return found


def _children(path: Path, depth: int) -> list[Path]:
    below = sorted(child for child in path.iterdir() if child.is_dir())
    if depth == 1:
        return below
    return below + [one for child in below for one in _children(child, depth - 1)]


class _Reading:
    """Prepares a task by reading heareval's folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, tell: Tell) -> Prepared:
        """Read the folder; embeddings are mapped into memory."""
        tell(0, 1, f"reading {self._path.name}")
        states = [
            (path.name, path.stat().st_size, path.stat().st_mtime_ns)
            for path in sorted(self._path.iterdir())
            if path.name.endswith((".embeddings.npy", ".pkl", ".json", ".csv"))
            and not path.name.startswith(("test.predicted", "prediction", "profile"))
        ]
        return Prepared(heareval_layout.read(self._path), store.digest(states))
