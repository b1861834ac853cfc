"""`validate`: a run from Python, which the command line uses as well."""

from __future__ import annotations

import importlib.util
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from .checks import CATALOGUE
from .contract import MEMORY_LIMIT_GB
from .gallery import gallery
from .options import Options, UsageError
from .process import Limits, WorkerProcess
from .report import Report, Result
from .runner import Runner
from .session import Session
from .submission import Submission, SubmissionFault


def validate(
    module: str,
    weights: str | Path | None = None,
    *,
    device: str = "cpu",
    seen: Callable[[Result], None] = lambda _: None,
    pictures: bool = False,
    **options: Any,
) -> Report:
    """Validate a submission.

    Args:
        module: The name of an importable module, such as `my_package.variant`; the current
            directory is looked in first.
        weights: The checkpoint that `load_model` is given, if there is one.
        device: `cpu`, `cuda`, `cuda:1` or `auto` (a GPU where there is one).
        seen: Called with each result as it comes.
        pictures: Whether to embed real recordings as well, for the pictures of `--html`.
        options: Fields of `Options`, such as `select=("T",)`.

    Returns:
        The report; its `exit_status` is 0 where the submission conforms.

    Raises:
        UsageError: If the weights or an id do not exist, or the options make no sense.

    Examples:
        >>> from validator import validate
        >>> report = validate("hearbaseline", select=("M01",))
        >>> [r.verdict.seen for r in report.results if r.check.id == "M01"]
        ['44100 Hz']
    """
    return run(module, weights, device, Options(**options), seen, pictures=pictures)


def run(
    module: str,
    weights: str | Path | None,
    device: str,
    options: Options,
    seen: Callable[[Result], None] = lambda _: None,
    *,
    pictures: bool = False,
) -> Report:
    """The same as `validate`, the options already made."""
    begin = time.perf_counter()
    with opened(module, weights, device, options) as session:
        runner = Runner(CATALOGUE, session, options)
        missing, file = _imported(session)
        results = () if missing else runner.run(seen)
        environment = _environment(session)
        shown = gallery(session, results) if pictures and results else None
    return Report(
        module=module,
        weights=str(weights or ""),
        device=session.submission.device,
        profile=options.profile,
        seed=options.seed,
        environment=environment,
        results=results,
        seconds=time.perf_counter() - begin,
        not_found=missing,
        file=file,
        gallery=shown,
    )


@contextmanager
def opened(
    module: str, weights: str | Path | None, device: str, options: Options
) -> Iterator[Session]:
    """A session with a submission; its worker ends with the context.

    Raises:
        UsageError: As for `validate`.
    """
    submission = Submission(_name(module), _existing(weights), _device(device))
    limits = Limits(options.timeout_s, _memory(options.memory_limit_gb))
    session = Session(submission, lambda wanted: WorkerProcess(wanted, limits), seed=options.seed)
    try:
        yield session
    finally:
        session.close()


def _existing(weights: str | Path | None) -> Path | None:
    if not weights:
        return None
    path = Path(weights)
    # A TensorFlow checkpoint is named by what its files' names begin with.
    if not path.exists() and not path.with_name(f"{path.name}.index").exists():
        raise UsageError(f"{path}: there is no such file; give the path of the weights")
    return path.resolve()


def _device(name: str) -> str:
    if name == "cpu":
        return name
    if name != "auto" and not name.startswith("cuda"):
        raise UsageError(f"there is no device {name!r}: cpu, cuda or auto")
    if _has_gpu():
        return "cuda" if name == "auto" else name
    if name == "auto":
        return "cpu"
    raise UsageError(f"--device {name}: there is no GPU here; use cpu or auto")


def _has_gpu() -> bool:
    """Only a GPU needs a framework on this side, and either of them will do."""
    if importlib.util.find_spec("torch"):
        import torch

        return torch.cuda.is_available()
    if importlib.util.find_spec("tensorflow"):
        import tensorflow

        return bool(tensorflow.config.list_physical_devices("GPU"))
    return False


def _memory(limit_gb: float | None) -> int:
    if limit_gb is not None:
        return int(limit_gb * 1e9)
    return int(min(MEMORY_LIMIT_GB * 1e9, 0.75 * psutil.virtual_memory().available))


def _imported(session: Session) -> tuple[str, str]:
    """Why the module does not exist, or "" where it does; and its source file.

    Whether it can be imported is for the checks to judge.
    """
    try:
        return "", str(session.imported().facts.get("file", ""))
    except SubmissionFault as fault:
        name = str(fault.facts.get("missing", ""))
        module = session.submission.module
        if name and (module == name or module.startswith(name + ".")):
            return (
                f"there is no module {module!r}: install it, or run from the folder that holds it",
                "",
            )
    return "", ""


def _name(module: str) -> str:
    if not (module.endswith(".py") or "/" in module):
        return module
    path = Path(module)
    if path.is_absolute() or ".." in path.parts:
        advice = f"{path.stem}, run from {path.parent}"
    else:
        advice = ".".join(path.with_suffix("").parts)
    raise UsageError(f"{module}: give a module's name, not a path, for example {advice}")


def _environment(session: Session) -> dict[str, Any]:
    return {
        "validator": _version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "worker": session.environment(),
    }


def _version() -> str:
    try:
        return metadata.version("hearbaseline")
    except metadata.PackageNotFoundError:
        return "not installed"
