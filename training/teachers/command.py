"""Let teachers hear the corpus: `python -m training.teachers --data DIR`.

Gathers their weights from the packages of `sources.toml`, computes what each makes of every 30 s
of the corpus, and keeps it in `DIR/teachers`. Interrupt it whenever you like; the same command
goes on. What is there already can be trained on meanwhile.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray

from training.corpus.sources import KINDS
from training.teachers.chunks import SECONDS, Chunks
from training.teachers.kept import Kept, Layout
from training.teachers.sources import Source, TeacherError, gather, read_sources

HERE = Path(__file__).parent

Hear = Callable[[NDArray[np.float32]], Mapping[str, NDArray[np.float32]]]
"""From a chunk's samples, shape (480000,), to arrays of shape (frames, size), by name."""


@dataclass(frozen=True)
class Teacher:
    """A teacher that is ready to hear.

    Attributes:
        layouts: Of each array that it makes of a chunk, by name.
        hear: Makes them.
    """

    layouts: dict[str, Layout]
    hear: Hear


def whisper(weights: list[Path], device: str) -> Teacher:
    """Whisper base's encoder: a layer that is near the sound, and the last."""
    from training.teachers.ctranslate2 import read_variables
    from training.teachers.whisper import teacher

    joined = weights[0]
    if len(weights) > 1:
        joined = weights[0].parent.parent / "model.bin"
        if not joined.is_file():
            joined.write_bytes(b"".join(part.read_bytes() for part in weights))
    model = teacher(read_variables(joined, "encoder/")).to(device)
    layers = (2, model.n_layers)

    def hear(samples: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        states = model.hidden_states(torch.from_numpy(samples)[None].to(device))
        return {f"layer{n}": states[n][0].cpu().numpy() for n in layers}

    layout = Layout(model.n_positions, model.timestamp_embedding_size, 0.0, 0.02)
    return Teacher({f"layer{n}": layout for n in layers}, hear)


def aisfx(weights: list[Path], device: str) -> Teacher:
    """Frames of aiSFX."""
    from training.teachers import aisfx as module

    network = module.load(weights[0]).to(device)

    def hear(samples: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return {"frames": network(module.at_its_rate(samples).to(device))[0].cpu().numpy()}

    return Teacher({"frames": module.layout(SECONDS)}, hear)


TEACHERS: dict[str, Callable[[list[Path], str], Teacher]] = {"aisfx": aisfx, "whisper": whisper}
"""By the name in `sources.toml`."""


def let_hear(
    name: str,
    sources: list[Source],
    data: Path,
    kinds: tuple[str, ...],
    limit: int | None,
    device: str,
) -> None:
    """Let one teacher hear what it has not heard yet.

    Args:
        name: Of the teacher.
        sources: The table.
        data: Holds `corpus`; weights go to `weights`, features to `teachers`.
        kinds: Of the chunks that it hears.
        limit: Chunks to hear at most.
        device: Where it computes.
    """
    chunks = Chunks(data / "corpus")
    weights = gather(sources, name, data / "weights")
    teacher = TEACHERS[name](weights, device)
    sums = [source.sha256 for source in sources if source.teacher == name]
    manifest = (data / "corpus" / "manifest.csv").read_bytes()
    key = {"weights": sums, "corpus": hashlib.sha256(manifest).hexdigest()}
    kept = Kept(data / "teachers" / name, key, teacher.layouts, chunks.count)
    wanted = [chunk for chunk in chunks.order() if chunks.kinds[chunk] in kinds]
    missing = [chunk for chunk in wanted if not kept.done[chunk]][:limit]
    start = time.monotonic()
    for number, chunk in enumerate(missing, start=1):
        kept.put(chunk, teacher.hear(chunks.samples(chunk)))
        if number % 50 == 0 or number == len(missing):
            each = (time.monotonic() - start) / number
            click.echo(f"{name}: {number} of {len(missing)} chunks, {each:.2f} s each")


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Of the corpus.")
@click.option(
    "--teacher",
    "names",
    multiple=True,
    type=click.Choice(sorted(TEACHERS)),
    help="Who hears it, by default all.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    help="Of the recordings that they hear, by default all; the student learns from who heard.",
)
@click.option("--limit", type=click.IntRange(1), help="Chunks of 30 s to hear at most.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--threads", default=0, help="Of the CPU; by default PyTorch's choice.")
def main(
    data: Path,
    names: tuple[str, ...],
    kinds: tuple[str, ...],
    limit: int | None,
    device: str,
    threads: int,
) -> None:
    """Let teachers hear the corpus below DATA."""
    if threads:
        torch.set_num_threads(threads)
    try:
        sources = read_sources(HERE / "sources.toml")
        for name in names or tuple(TEACHERS):
            let_hear(name, sources, data, kinds or KINDS, limit, device)
    except (TeacherError, FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from None
