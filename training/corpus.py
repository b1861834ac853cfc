"""Gather the pretraining corpus: `python -m training.corpus --data DIR`.

Fetches the Debian packages of `sources.toml`, decodes what the table takes, and writes to
`DIR/corpus`:

- `audio.npy`: int16, 16 kHz, mono, all recordings behind each other;
- `manifest.csv`: where each is, whose it is and under which licence. Of a recording longer than
  five minutes the middle five are taken: then `seconds` is less than `full_seconds`;
- `summary.md`: hours by package, kind and licence.

Recordings come in the order of the table, then of kind, then of path. Those whose samples an
earlier one has are left out, as are silent and short ones. The same packages, table and libraries
give the same bytes. Interrupt it whenever you like: packages that are decoded are kept.
"""

from __future__ import annotations

import csv
import hashlib
import io
import multiprocessing
import signal
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from training import packages
from training.decode import SAMPLE_RATE
from training.gather import Gathered, Recording, gather, kept
from training.sources import CorpusError, Source, read_held_out, read_sources
from training.summary import Row, summary

HERE = Path(__file__).parent
COLUMNS = (
    "package", "version", "path", "kind", "licence", "offset", "n_samples", "seconds",
    "full_seconds", "sha256",
)  # fmt: skip


@dataclass(frozen=True)
class Placed:
    """A recording that the corpus has, and the file from which its samples come."""

    source: Source
    recording: Recording
    samples: Path


def gather_all(
    sources: list[Source], data: Path, held_out: frozenset[str], processes: int = 2
) -> list[Gathered]:
    """Fetch and decode every package, those beside each other, and say how far it is.

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


def place(sources: list[Source], gathered: list[Gathered]) -> tuple[list[Placed], int]:
    """Put the recordings in order, and leave out those that an earlier one equals.

    Returns:
        The recordings, and how many were left out.
    """
    placed = []
    seen: set[str] = set()
    n_duplicates = 0
    for source, found in zip(sources, gathered, strict=True):
        for recording in sorted(found.recordings, key=lambda each: (each.kind, each.path)):
            if recording.sha256 in seen:
                n_duplicates += 1
                continue
            seen.add(recording.sha256)
            placed.append(Placed(source, recording, found.samples))
    return placed, n_duplicates


def write_audio(placed: Iterable[Placed], n_samples: int, path: Path) -> str:
    """Write `audio.npy`, a recording at a time.

    Args:
        placed: The recordings.
        n_samples: Of all.
        path: Where.

    Returns:
        SHA-256 of the file.
    """
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<i2", "fortran_order": False, "shape": (n_samples,)}
    )
    digest = hashlib.sha256()
    # Not through a memory map: a full disk would kill the process instead of raising an error.
    with path.open("wb") as file:
        digest.update(header.getvalue())
        file.write(header.getvalue())
        for each in placed:
            with each.samples.open("rb") as samples:
                samples.seek(2 * each.recording.begin)
                chunk = samples.read(2 * each.recording.n_samples)
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def manifest(placed: Iterable[Placed]) -> tuple[str, list[Row]]:
    """The text of `manifest.csv`, and its rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = []
    offset = 0
    for each in placed:
        source, recording = each.source, each.recording
        writer.writerow(
            (
                source.package, source.version, recording.path, recording.kind,
                recording.licence, offset, recording.n_samples,
                f"{recording.n_samples / SAMPLE_RATE:.3f}", f"{recording.full_seconds:.3f}",
                recording.sha256,
            )
        )  # fmt: skip
        offset += recording.n_samples
        rows.append(Row(source.package, recording.kind, recording.licence, recording.n_samples))
    return text.getvalue(), rows


def write_corpus(sources: list[Source], gathered: list[Gathered], folder: Path) -> str:
    """Write the three files, each whole or not at all.

    Returns:
        The summary.
    """
    placed, n_duplicates = place(sources, gathered)
    if not placed:
        raise CorpusError("no recording is left: the table takes nothing that can be decoded")
    folder.mkdir(parents=True, exist_ok=True)
    text, rows = manifest(placed)
    partial = {name: folder / f"{name}.partial" for name in ("audio.npy", "manifest.csv")}
    sums = {
        "audio.npy": write_audio(placed, sum(row.n_samples for row in rows), partial["audio.npy"]),
        "manifest.csv": hashlib.sha256(text.encode()).hexdigest(),
    }
    partial["manifest.csv"].write_text(text, encoding="utf-8", newline="")
    left_out = {
        "equal to an earlier one": n_duplicates,
        "shorter than 0.3 s": sum(found.left_out["short"] for found in gathered),
        "silent": sum(found.left_out["silent"] for found in gathered),
        "not decodable": sum(len(found.unreadable) for found in gathered),
    }
    said = summary(sources, rows, left_out, sums)
    (folder / "summary.md.partial").write_text(said, encoding="utf-8")
    for name in ("audio.npy", "manifest.csv", "summary.md"):
        (folder / f"{name}.partial").replace(folder / name)
    return said


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
    default=HERE / "tasks",
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


if __name__ == "__main__":
    sys.exit(main())
