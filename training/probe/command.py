"""Probe embeddings on small real tasks: `python -m training.probe --data DIR`.

A linear model on the scene embeddings, evaluated on groups that it was not trained on: how much
of a task an embedding lays open. Each checkpoint of our wav2vec 2.0 is probed next to its twins,
the same architecture with random weights and as training begins, which tell what was learned from
what was built in.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from training.probe.clips import ProbeError, Task, load
from training.probe.embeddings import (
    Embedding,
    baseline,
    control,
    embed,
    mfcc,
    student,
    twins,
    wav2vec2,
)
from training.probe.recordings import prepare
from training.probe.results import MAP, Line, Results
from training.probe.scores import floor, kept_score

MODELS = ("mfcc", "log-mel", "convolutions", "mel", "crepe", "wav2vec2", "general")

CONTROLS = {"log-mel": "log-mel statistics", "convolutions": "random convolutions"}
"""What was never trained, by the name on the command line."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder for the shipped tasks' recordings, fetched with apt-get where they are missing.",
)
@click.option(
    "--task",
    "tables",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A table with the columns path,label,group; by default the shipped ones. A task has "
    "several labels a clip if any label has a space in it.",
)
@click.option(
    "--root", type=click.Path(path_type=Path), help="Folder that the paths in --task begin in."
)
@click.option(
    "--model",
    "models",
    multiple=True,
    type=click.Choice(MODELS),
    help="What to probe, by default all.",
)
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Of wav2vec2; by default the bundled one.",
)
@click.option(
    "--general",
    "students",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Checkpoint of a run of training.distill.",
)
@click.option(
    "--twins",
    "seeds",
    default=1,
    show_default=True,
    type=click.IntRange(0),
    help="Random seeds for the same architecture with random weights, and as training begins.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Folder for decoded clips, embeddings and scores; by default `cache` in --data.",
)
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the table to this file.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the score of every fold."
)
def command(
    data: Path | None,
    tables: tuple[Path, ...],
    root: Path | None,
    models: tuple[str, ...],
    checkpoints: tuple[Path, ...],
    students: tuple[Path, ...],
    seeds: int,
    cache: Path | None,
    markdown: Path | None,
    json_file: Path | None,
) -> None:
    """Probe embeddings on small real tasks.

    Five folds that keep groups together; standardised scene embeddings; logistic regression.
    Nothing is tuned. Accuracy, or mean average precision over classes (mAP) where clips have
    several labels: the mean over folds of the classes that occur in each, and pooled over all
    clips and classes.
    """
    # Said before PyTorch is imported: threads that spin take the cores from others.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if root and not tables:
        raise ProbeError("--root is for the tables given with --task; name one, or use --data")
    for file in filter(None, (markdown, json_file)):
        if not file.parent.is_dir():
            raise ProbeError(f"{file.parent}: there is no such folder; make it, or choose another")
    embeddings = _embeddings(models or MODELS, checkpoints, students, seeds)
    if root is None:
        if data is None:
            raise ProbeError("give --data DIR for the shipped tasks, or --task FILE --root DIR")
        root = prepare(data)
    tables = tables or tuple(sorted((Path(__file__).parent / "tasks").glob("*.csv")))
    results = _run(tables, root, embeddings, cache or (data / "cache" if data else None))

    from rich.console import Console

    # As wide as it needs where it goes to a file.
    console = Console(width=None if Console().is_terminal else 200)
    console.print(results.table())
    if markdown:
        markdown.write_text(results.markdown(), "utf-8")
    if json_file:
        json_file.write_text(results.json(), "utf-8")


def _embeddings(
    models: tuple[str, ...],
    checkpoints: tuple[Path, ...],
    students: tuple[Path, ...],
    seeds: int,
) -> list[Embedding]:
    """What to probe, each once: snapshots of one run have the same twins."""
    from hearbaseline._checkpoint import bundled

    if checkpoints and "wav2vec2" not in models:
        raise ProbeError("--checkpoint is of wav2vec2, which --model leaves out")
    found: list[Embedding] = []
    for name in models:
        if name == "mfcc":
            found.append(mfcc())
        elif name == "log-mel":
            found.append(control(CONTROLS[name]))
        elif name == "convolutions":
            found += [control(CONTROLS[name], seed) for seed in range(max(1, seeds))]
        elif name == "wav2vec2":
            named = {str(path): path for path in checkpoints} or {
                name: bundled(f"{name}.safetensors")
            }
            for path in named.values():
                for seed in range(seeds):
                    found += twins(path, seed)
            found += [wav2vec2(path, label) for label, path in named.items()]
        else:
            found.append(baseline(name))
    found += [student(path, str(path)) for path in students]
    return list({embedding.identity: embedding for embedding in found}.values())


def _run(
    tables: tuple[Path, ...], root: Path, embeddings: list[Embedding], cache: Path | None
) -> Results:
    """Probe everything, task by task, so that only one task's clips are in memory."""
    from rich.console import Console
    from rich.progress import Progress

    nothing = Line("majority class, or prevalence", None, None)
    tasks: dict[str, dict[str, Any]] = {}
    lines: dict[tuple[str, int | None], Line] = {}
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for table in tables:
            if table.stem in tasks:
                raise ProbeError(f"{table}: another task is named {table.stem} too; rename one")
            at_rate: dict[int, Task] = {}
            for embedding in embeddings:
                rate = embedding.sample_rate
                if rate not in at_rate:
                    at_rate[rate] = load(table, root, rate, cache)
                task = at_rate[rate]
                bar = progress.add_task(f"{task.name}: {embedding.name}", total=len(task.clips))
                embedded = embed(embedding, task, cache, partial(progress.advance, bar))
                for layer in range(embedded.shape[1]):
                    number = layer if embedding.layered else None
                    line = lines.setdefault(
                        (embedding.identity, number),
                        Line(embedding.name, number, embedded.shape[2]),
                    )
                    line.scores[task.name] = kept_score(task, embedded[:, layer], cache)
                progress.remove_task(bar)
            tasks[task.name] = {
                "clips": len(task.clips),
                "groups": len(set(task.groups)),
                "metric": MAP if task.multilabel else "accuracy",
            }
            nothing.scores[task.name] = floor(task)
    return Results(tasks, [nothing, *lines.values()])


def main() -> None:
    """Run the command; what is wrong with what it was given is one line on stderr."""
    try:
        command(standalone_mode=False)
    except click.ClickException as error:
        _stop(error.format_message(), 2)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _stop("interrupted; with a cache, the same command resumes where it stopped", 130)
    except ProbeError as error:
        _stop(str(error), 2)
    except OSError as error:
        _stop(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)


def _stop(message: str, status: int) -> NoReturn:
    from hearkit.text import one_line

    click.echo(one_line(f"probe: {message}", 2000), err=True)
    sys.exit(status)
