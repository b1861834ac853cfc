"""The corpus's three files: which recordings, in which order, and what is written of them."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.corpus.decode import SAMPLE_RATE
from training.corpus.gather import Gathered, Recording
from training.corpus.sources import CorpusError, Source
from training.corpus.summary import Row, summary

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
    """Write the three files, each atomically.

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
