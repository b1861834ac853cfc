"""`validate`: a run from Python, which the command line uses as well."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from hearkit import machine
from hearkit.api.process import Limits, default_memory_bytes
from hearkit.api.submission import Submission, not_found, resolved_device
from hearkit.errors import Fault, OutOfTimeError
from hearkit.text import printable
from hearkit.version import version

from .asking.pool import Pool
from .asking.session import Session
from .options import Options
from .report import Report, Result


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
            folder is searched first.
        weights: The path of the checkpoint, if there is one; the argument of `load_model`.
        device: `cpu`, `cuda`, `cuda:1` or `auto` (a GPU if there is one).
        seen: Called with each result as it comes.
        pictures: Whether to embed real recordings as well, for the pictures of `--html`.
        options: Fields of `Options`, such as `select=("T",)`.

    Returns:
        The report; its `exit_status` is 0 if the submission conforms.

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
    with opened(module, weights, device, options) as session:
        return examined(session, str(weights or ""), options, seen, pictures=pictures)


def examined(
    session: Session,
    weights: str,
    options: Options,
    seen: Callable[[Result], None] = lambda _: None,
    *,
    pictures: bool = False,
) -> Report:
    """The report on a session.

    Args:
        session: The submission.
        weights: Its weights as they were given, or "".
        options: What to run and how to judge.
        seen: Called with each result as it comes.
        pictures: See `validate`.

    Raises:
        UsageError: If an id does not exist.
    """
    # The submission's process starts meanwhile.
    from .checks import CATALOGUE
    from .pictures import gallery
    from .runner import Runner

    runner = Runner(CATALOGUE, session, options)
    missing, file = _imported(session)
    results = () if missing else runner.run(seen)
    environment = _environment(session)
    shown = None
    if pictures and results:
        with suppress(OutOfTimeError):
            shown = gallery(session, results)
    return Report(
        module=session.submission.module,
        weights=weights,
        device=session.submission.device,
        profile=options.profile,
        seed=options.drawn,
        environment=environment,
        results=results,
        seconds=session.seconds,
        not_found=missing,
        file=file,
        gallery=shown,
    )


@contextmanager
def opened(
    module: str, weights: str | Path | None, device: str, options: Options
) -> Iterator[Session]:
    """A session with a submission; its workers end with the context.

    Raises:
        UsageError: As for `validate`.
    """
    named = Submission.of(module, weights, device)
    # A submission that changes the working directory is to be found out, not to fail by it.
    found = named.weights.resolve() if named.weights else None
    submission = Submission(named.module, found, resolved_device(device))
    memory, total = options.memory_limit_gb, options.total_s
    limits = Limits(
        options.timeout_s,
        default_memory_bytes() if memory is None else int(memory * 1e9),
        total,
        time.monotonic() + total,
    )
    pool = Pool(limits, short=options.is_organisers)
    session = Session(
        submission,
        pool.connect,
        seed=options.drawn,
        parallel=machine.cores() > 1,
        imported=pool.imported,
    )
    try:
        yield session
    finally:
        session.close()


def _imported(session: Session) -> tuple[str, str]:
    """Why the module does not exist, or "" where it does; and its source file.

    Whether it can be imported is for the checks to judge.
    """
    try:
        return "", printable(str(session.imported().facts.file or ""))
    except Fault as fault:
        if fault.kind == "usage":  # another module than the one in the folder has the name
            return fault.message, ""
        module = session.submission.module
        if fault.missing and (module == fault.missing or module.startswith(fault.missing + ".")):
            return not_found(module), ""
    except OutOfTimeError:
        pass  # which the first check meets as well
    return "", ""


def _environment(session: Session) -> dict[str, Any]:
    return {
        "validator": version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "worker": asdict(session.environment()),
    }
