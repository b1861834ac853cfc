"""`hear-embed`: argv to exit status; the only part that prints."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .errors import EmbedError, UsageError

_INTERRUPTED = 130


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for results.")
@click.option(
    "--module", default="hearbaseline", show_default=True, help="The HEAR module to embed with."
)
@click.option("--model", default="", metavar="WEIGHTS", help="The checkpoint for load_model.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option(
    "--batch-size",
    default=16,
    show_default=True,
    type=click.IntRange(1),
    help="Sounds of one length embedded at once.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="hearbaseline")
def command(
    audio: tuple[Path, ...],
    out: Path,
    module: str,
    model: str,
    device: str,
    batch_size: int,
    debug: bool,  # noqa: ARG001 - looked up by main, which catches what goes wrong
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

    from rich.console import Console
    from rich.progress import Progress

    from .model import Embedder
    from .pipeline import run

    embedder = Embedder(module, model, device)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"embedding with {module}", total=len(jobs))
        counts = run(
            jobs,
            embedder,
            batch_size,
            done=lambda n: progress.update(task, advance=n),
            say=lambda line: console.print(f"hear-embed: {line}"),
        )
    click.echo(f"{counts}, in {out}")
    return 1 if counts.failed else 0


def _make(out: Path) -> None:
    """Make the folder and prove that it can be written, before anything is computed."""
    probe = out / ".hear-embed.part"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UsageError(
            f"{out}: cannot be written ({error.strerror}); choose another --out"
        ) from None


def main() -> None:
    """Run the command; everything that goes wrong is one line on stderr."""
    try:
        status = command(standalone_mode=False)
    except click.ClickException as error:
        _stop(error.format_message(), 2)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _stop("interrupted; the same command goes on where it stopped", _INTERRUPTED)
    except EmbedError as error:
        if "--debug" in sys.argv:
            raise
        _stop(str(error), error.exit_status)
    sys.exit(status)


def _stop(message: str, status: int) -> None:
    click.echo(f"hear-embed: {message}", err=True)
    sys.exit(status)
