"""`hear-embed`: argv to exit status; the only part that prints."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NoReturn

import click

from .errors import EmbedError, UsageError

_INTERRUPTED = 130

_LONGEST_LINE = 2000
"""Characters; paths and a module's message fit."""


def _device(_: click.Context, __: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", value):
        raise click.BadParameter(f"{value!r} is none of auto, cpu, cuda, cuda:N")
    return value


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for results.")
@click.option(
    "--module", default="hearbaseline", show_default=True, help="The HEAR module to embed with."
)
@click.option("--model", default="", metavar="WEIGHTS", help="The checkpoint for load_model.")
@click.option(
    "--device",
    default="auto",
    show_default=True,
    callback=_device,
    help="auto, cpu, cuda or cuda:N.",
)
@click.option(
    "--batch",
    "--batch-size",
    "batch_size",
    default=16,
    show_default=True,
    type=click.IntRange(1),
    help="Sounds of one length embedded at once.",
)
@click.option("--verbose", is_flag=True, help="Say where the time went.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="hearbaseline")
def command(
    audio: tuple[Path, ...],
    out: Path,
    module: str,
    model: str,
    device: str,
    batch_size: int,
    verbose: bool,
    debug: bool,
) -> int:
    """Embed AUDIO files and folders with a model that speaks the HEAR API.

    Writes one .npz file for each audio file, with the scene embedding, the timestamp
    embeddings and the timestamps in ms. A file that was embedded before is left alone, so an
    interrupted run goes on where it stopped.

    Exit status: 0 all embedded, 1 some files or the module failed, 2 it could not be run.
    """
    from .jobs import find_jobs

    jobs = find_jobs(audio, out)
    _make(out)

    # Must be said before PyTorch is imported. While files are read and written, its threads do not
    # get all cores; those that then spin until the last one is done take them away from it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

    from rich.console import Console
    from rich.progress import Progress

    from .model import Embedder
    from .pipeline import run

    embedder = Embedder(module, model, device)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"embedding with {module}", total=len(jobs))

        def say(line: str, error: EmbedError | None) -> None:
            if debug and error:
                console.print("".join(traceback.format_exception(error)), end="")
            console.print(_line(line))

        counts = run(
            jobs, embedder, batch_size, done=lambda n: progress.update(task, advance=n), say=say
        )
    if verbose:
        click.echo(_line(str(counts.spent)), err=True)
    click.echo(f"{counts}, in {out}")
    return 1 if counts.failed else 0


def _make(out: Path) -> None:
    """Make the folder and prove that it can be written, before anything is computed."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UsageError(
            f"{out}: cannot be written ({error.strerror}); choose another --out"
        ) from error


def main() -> None:
    """Run the command; everything that goes wrong is one line on stderr."""
    try:
        status = command(standalone_mode=False)
    except click.ClickException as error:
        _stop(error.format_message(), 2)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _stop("interrupted; the same command goes on where it stopped", _INTERRUPTED)
    except EmbedError as error:
        _stop(str(error), error.exit_status, error)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        _stop(f"unexpected {said}; --debug shows where, please report it", 2, error)
    sys.exit(status)


def _stop(message: str, status: int, error: Exception | None = None) -> NoReturn:
    if error and "--debug" in sys.argv:
        traceback.print_exception(error)
    click.echo(_line(message), err=True)
    sys.exit(status)


def _line(message: str) -> str:
    """The message as a line of ours; names of files and a module's words steer no terminal."""
    from validator.text import one_line

    return one_line(f"hear-embed: {message}", _LONGEST_LINE)
