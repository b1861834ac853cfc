"""`hear-embed`: argv to exit status; the only part that prints."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import command as shared
from ..errors import HearError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .jobs import Job
    from .model import Embedder
    from .pipeline import Counts
    from .standing import Seen

_NAME = "hear-embed"


@click.command(context_settings=shared.CONTEXT)
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for results.")
@shared.submission_options(module="hearbaseline", device="auto")
@click.option(
    "--batch",
    "--batch-size",
    "batch_size",
    default=16,
    show_default=True,
    type=click.IntRange(1),
    help="Sounds of one length embedded at once.",
)
@shared.isolation_options
@click.option("--verbose", is_flag=True, help="Tell where the time went.")
@shared.common_options
def command(
    audio: tuple[Path, ...],
    out: Path,
    module: str,
    weights: str | None,
    device: str,
    batch_size: int,
    timeout: float,
    memory_limit: float | None,
    in_process: bool,
    verbose: bool,
    debug: bool,
) -> int:
    """Embed AUDIO files and folders with a HEAR module.

    Writes one .npz file for each audio file, with the scene embedding, the timestamp
    embeddings and the timestamps in ms. A file that was embedded before is left alone, so an
    interrupted run resumes where it stopped.

    The module runs in a process of its own: what crashes, hangs or takes too much memory there
    is the failure of the file that it was given, and the run goes on.

    Exit status: 0 all embedded, 1 some files or the module failed, 2 it could not be run.
    """
    from ..api.submission import Submission
    from .connect import connect
    from .jobs import LeftOut, find_jobs
    from .standing import looking

    shared.here()
    submission = Submission.of(module, weights, device)
    left_out = LeftOut()
    jobs = find_jobs(audio, out, left_out)
    shared.make_output(out)
    for trouble in left_out.troubles:
        shared.tell(_NAME, trouble)
    if str(left_out):
        shared.tell(_NAME, str(left_out))

    # Must be set before PyTorch is imported. While files are read and written, its threads do not
    # get all cores; those that then spin until the last one is done take them away from it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    connection = connect(
        submission,
        seconds=timeout,
        memory_bytes=None if memory_limit is None else int(memory_limit * 1e9),
        command=_NAME,
        in_process=in_process,
    )
    # What is there is looked at while the module is imported and the model loaded.
    with contextlib.closing(connection), looking(jobs) as looked:
        from .model import Embedder

        embedder = Embedder(submission, lambda _: connection, weights=weights)
        counts = _embedded(jobs, embedder, batch_size, looked, debug=debug)
    counts.failed += len(left_out.troubles)
    if verbose:
        shared.tell(_NAME, str(counts.spent))
    shared.echo(f"{counts}, in {out}\n")
    return 1 if counts.failed else 0


def _embedded(
    jobs: list[Job], embedder: Embedder, batch_size: int, looked: Iterable[Seen], *, debug: bool
) -> Counts:
    """Embed the jobs, with a bar on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from .pipeline import run

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

    def tell(line: str, error: HearError | None) -> None:
        if debug and error:
            console.print("".join(traceback.format_exception(error)), end="")
        console.print(shared.line(_NAME, line))

    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"embedding with {embedder.name}", total=len(jobs))

        def done(count: int) -> None:
            progress.update(task, advance=count)

        return run(jobs, embedder, batch_size, done=done, tell=tell, looked=looked)


def _without_dashes(arguments: list[str]) -> list[str]:
    """Arguments in which a file called like an option, such as `-1.wav`, is not taken for one."""
    known = {name for parameter in command.params for name in (*parameter.opts, "--help")}
    return [
        f"./{argument}"
        if argument.startswith("-") and argument not in known and os.path.lexists(argument)
        else argument
        for argument in arguments
    ]


def main() -> None:
    """Run the command; everything that goes wrong is one line on stderr."""
    sys.argv[1:] = _without_dashes(sys.argv[1:])
    shared.run(command, _NAME, after_interrupt="the same command resumes where it stopped")
