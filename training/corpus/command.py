"""Gather the pretraining corpus: `python -m training.corpus --data DIR`.

Fetches the Debian packages of `sources.toml`, decodes what the table takes, and writes to
`DIR/corpus`:

- `audio.npy`: int16, 16 kHz, mono, all recordings concatenated;
- `manifest.csv`: where each is, whose it is and under which licence. Of a recording longer than
  five minutes the middle five are taken: then `seconds` is less than `full_seconds`;
- `summary.md`: hours by package, kind and licence.

Recordings come in the order of the table, then of kind, then of path. Those whose samples an
earlier one has are left out, as are silent and short ones. The same packages, table and libraries
give the same bytes. Interrupt it whenever you like: packages that are decoded are kept.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import click

from training.corpus import packages
from training.corpus.decode import SAMPLE_RATE
from training.corpus.gather import Gathered, gather, kept
from training.corpus.sources import CorpusError, Source, read_held_out, read_sources
from training.corpus.write import write_corpus

HERE = Path(__file__).parent
TASKS = HERE.parent / "probe" / "tasks"


def gather_all(
    sources: list[Source], data: Path, held_out: frozenset[str], processes: int = 2
) -> list[Gathered]:
    """Fetch and decode every package, several at a time, and say how far it is.

    Args:
        sources: The table.
        data: Holds `debs` and `decoded`.
        held_out: "package/path" of recordings that must not be taken.
        processes: How many decode.

    Returns:
        One for each source, in their order.
    """
    decoded = data / "decoded"
    ready = {source.package: kept(source, decoded) for source in sources}
    # Processes that are forked from one with threads may hang.
    context = multiprocessing.get_context("spawn")
    # An interrupt ends the processes at once and without a word; what they leave is cleared when
    # their package is decoded again.
    quietly = (signal.SIGINT, signal.SIG_DFL)
    with ProcessPoolExecutor(processes, context, signal.signal, quietly) as pool:
        waiting: dict[str, Future[Gathered]] = {}
        try:
            for source in sources:
                if ready[source.package] is None:
                    deb = packages.fetch(source, data / "debs")
                    waiting[source.package] = pool.submit(gather, source, deb, decoded, held_out)
            gathered = []
            for source in sources:
                found = ready[source.package] or waiting[source.package].result()
                _report(source, found)
                gathered.append(found)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return gathered


def _report(source: Source, found: Gathered) -> None:
    for path, reason in found.unreadable.items():
        click.echo(f"{source.package}: {path}: not decoded: {reason}", err=True)
    hours = sum(recording.n_samples for recording in found.recordings) / SAMPLE_RATE / 3600
    click.echo(f"{source.package:32} {len(found.recordings):5} recordings {hours:6.2f} h")


@contextmanager
def _one_line(data: Path) -> Iterator[None]:
    """Errors for the person who started this, without a traceback."""
    try:
        yield
    except CorpusError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        # A full disk has no file name.
        where = error.filename or data
        raise click.ClickException(f"{where}: {error.strerror or error}") from error


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for the packages, what is decoded of them, and the corpus: 15 GB.",
)
@click.option(
    "--sources",
    "table",
    type=click.Path(dir_okay=False, path_type=Path),
    default=HERE / "sources.toml",
    help="The table of packages.",
)
@click.option(
    "--tasks",
    type=click.Path(file_okay=False, path_type=Path),
    default=TASKS,
    help="Tasks (*.csv) whose recordings must not be in the corpus.",
)
@click.option(
    "--keep-packages/--drop-packages",
    default=True,
    help="Whether the .deb files stay when the corpus is written.",
)
def main(data: Path, table: Path, tasks: Path, keep_packages: bool) -> None:
    """Gather the pretraining corpus from Debian packages."""
    with _one_line(data):
        sources = read_sources(table)
        gathered = gather_all(sources, data, read_held_out(tasks))
        click.echo(write_corpus(sources, gathered, data / "corpus"))
        if not keep_packages:
            for source in sources:
                packages.fetch(source, data / "debs").unlink()
