"""The recordings of one package, decoded once and kept."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from training.corpus import decode, packages
from training.corpus.sources import CorpusError, Source


@dataclass(frozen=True)
class Recording:
    """A recording of a package.

    Attributes:
        path: In the package.
        kind, licence: From the table.
        begin: Of its samples among the package's.
        n_samples: At 16 kHz.
        full_seconds: Length before its middle was taken.
        sha256: Of its samples.
    """

    path: str
    kind: str
    licence: str
    begin: int
    n_samples: int
    full_seconds: float
    sha256: str


@dataclass
class Gathered:
    """What one package gave.

    Attributes:
        samples: File of the samples (int16), recordings concatenated.
        recordings: In the order of their paths.
        unreadable: Path and reason of each file that could not be decoded.
        left_out: How many were "short" or "silent".
    """

    samples: Path
    recordings: list[Recording] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def kept(source: Source, folder: Path) -> Gathered | None:
    """What an earlier run decoded; None if it did not, or from another table entry.

    Args:
        source: The package.
        folder: Of decoded packages.
    """
    samples, index = _names(source, folder)
    try:
        found = json.loads(index.read_text(encoding="utf-8"))
        if found["key"] != _key(source):
            return None
        recordings = [Recording(**row) for row in found["recordings"]]
        # The index is written last, so only a hand could have changed the samples.
        if samples.stat().st_size != 2 * sum(recording.n_samples for recording in recordings):
            return None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return Gathered(samples, recordings, found["unreadable"], Counter(found["left_out"]))


def gather(source: Source, deb: Path, folder: Path, held_out: frozenset[str]) -> Gathered:
    """Check, unpack and decode a package, and keep the result.

    Args:
        source: The package.
        deb: Its file.
        folder: Of decoded packages.
        held_out: "package/path" of recordings that must not be taken.

    Raises:
        CorpusError: If the package is another than the table's, cannot be unpacked, or the table
            takes a recording that is held out.
    """
    packages.check(source, deb)
    folder.mkdir(parents=True, exist_ok=True)
    tree = folder / f"{source.package}.unpacked"
    # Of a run that was killed.
    shutil.rmtree(tree, ignore_errors=True)
    try:
        packages.unpack(deb, tree)
        return gather_tree(source, tree, folder, held_out)
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def gather_tree(source: Source, tree: Path, folder: Path, held_out: frozenset[str]) -> Gathered:
    """Decode an unpacked package and keep the result; see `gather`."""
    samples, index = _names(source, folder)
    gathered = Gathered(samples)
    partial = samples.with_suffix(".partial")
    begin = 0
    with partial.open("wb") as file:
        for path, contents in packages.files(source, tree):
            take = source.match(path)
            if take is None or not decode.is_sound(path):
                continue
            refuse_held_out(source, path, held_out)
            try:
                sound = decode.decode(path, contents)
            except ValueError as error:
                gathered.unreadable[path] = str(error)
                continue
            if why := decode.why_left_out(sound.samples):
                gathered.left_out[why] += 1
                continue
            raw = sound.samples.astype("<i2").tobytes()
            file.write(raw)
            n_samples = sound.samples.size
            digest = hashlib.sha256(raw).hexdigest()
            gathered.recordings.append(
                Recording(
                    path, take.kind, take.licence, begin, n_samples, sound.full_seconds, digest
                )
            )
            begin += n_samples
    index.unlink(missing_ok=True)
    partial.replace(samples)
    contents_of_index = {
        "key": _key(source),
        "recordings": [asdict(recording) for recording in gathered.recordings],
        "unreadable": gathered.unreadable,
        "left_out": gathered.left_out,
    }
    partial.write_text(json.dumps(contents_of_index), encoding="utf-8")
    partial.replace(index)
    return gathered


def refuse_held_out(source: Source, path: str, held_out: frozenset[str]) -> None:
    """Stop when the table takes what is measured with.

    Raises:
        CorpusError: If it does.
    """
    if f"{source.package}/{path}" in held_out:
        raise CorpusError(
            f"{source.package}: {path} is a recording of a task, and must not be trained on; "
            "name it under `leave` in training/corpus/sources.toml"
        )


def _names(source: Source, folder: Path) -> tuple[Path, Path]:
    return folder / f"{source.package}.int16", folder / f"{source.package}.json"


def _key(source: Source) -> dict[str, Any]:
    """Everything that decides the samples, as JSON gives it back."""
    import av

    key = {
        "source": asdict(source),
        "limits": [decode.LONGEST, decode.SHORTEST, decode.SILENCE],
        "libraries": [soundfile.__libsndfile_version__, soxr.__libsoxr_version__, av.__version__],
        "numpy": np.__version__,
    }
    return dict(json.loads(json.dumps(key)))
