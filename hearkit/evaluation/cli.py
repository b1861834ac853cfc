"""`hear-eval`: argv to exit status; the only part that prints."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import command as shared
from ..errors import UsageError
from ..files import check_writable, write
from ..version import DISTRIBUTION

if TYPE_CHECKING:
    from .results import Results

_NAME = "hear-eval"

_MANY = ("--tasks",)
"""Options that take all values up to the next option, as a shell's `tasks/*` gives them."""


class _Spreading(click.Command):
    """A command in which `--tasks a b` is `--tasks a --tasks b`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See `click.Command.parse_args`."""
        return super().parse_args(ctx, list(_spread(args)))


def _spread(args: list[str]) -> Iterator[str]:
    option = ""
    is_first = False
    for arg in args:
        if arg.startswith("-"):
            option, is_first = (arg if arg in _MANY else ""), True
        elif option and not is_first:
            yield option
        else:
            is_first = False
        yield arg


@click.group(context_settings=shared.CONTEXT)
@click.version_option(None, "-V", "--version", package_name=DISTRIBUTION)
def command() -> None:
    """Score HEAR modules on HEAR's tasks, as the organisers' evaluation does."""


def _evaluation_options(function: Any) -> Any:
    """What `run` and `score` share."""
    for option in reversed(
        [
            click.option("--out", required=True, type=_FOLDER, help="Folder for results."),
            click.option(
                "--engine",
                type=click.Choice(["exact", "fused"]),
                default="fused",
                show_default=True,
                help="exact: HEAR's own figures to the last digit; fused: as certain, and faster.",
            ),
            click.option(
                "--grid",
                type=click.Choice(["default", "fast", "faster"]),
                default="default",
                show_default=True,
                help="Hyperparameters to choose from; HEAR's is default.",
            ),
            click.option(
                "--grid-points",
                type=click.IntRange(1),
                default=8,
                show_default=True,
                help="Points of the grid that are tried.",
            ),
            click.option(
                "--seeds",
                metavar="N",
                type=click.IntRange(1),
                default=1,
                show_default=True,
                help="Evaluations with different seeds, the first of them HEAR's.",
            ),
            click.option(
                "--probe",
                type=click.Choice(["mlp", "linear", "knn"]),
                default="mlp",
                show_default=True,
                help="What is trained on the embeddings; HEAR's is mlp.",
            ),
        ]
    ):
        function = option(function)
    return function


_FOLDER = click.Path(path_type=Path)


@command.command(cls=_Spreading)
@click.argument("names", metavar="MODULE [WEIGHTS]", nargs=-1)
@click.option(
    "--tasks",
    multiple=True,
    required=True,
    metavar="FOLDER...",
    type=_FOLDER,
    help="Task folders, or folders that hold some.",
)
@_evaluation_options
@shared.ray_option
@shared.submission_options(module=None, device="auto")
@click.option(
    "--heareval-layout",
    is_flag=True,
    help="Write the embeddings as the organisers' heareval does, too.",
)
@shared.isolation_options
@shared.common_options
def run(names: tuple[str, ...], tasks: tuple[Path, ...], out: Path, **options: Any) -> int:
    """Embed tasks with MODULE and score it.

    Writes OUT/MODULE/TASK/test.predicted-scores.json, the predictions, and for all tasks
    results.json and index.html. The same command resumes an interrupted run; a result is taken as
    it is only if embeddings, weights, code, task, grid, engine and seeds are the same.

    Exit status: 0 all scored, 1 some tasks or the module failed, 2 it could not be run.
    """
    from .tasks import folder

    module, weights = shared.named_submission(names, options["module"], options["weights"])
    if module is None:
        raise UsageError("name the MODULE, before --tasks, which takes all folders after it")
    found = folder.find(tasks)
    stdout = sys.stdout  # Ray's words are kept from it
    with _place(options, out) as ray:
        from .following import following
        from .scoring import score_module

        score: Callable[..., Results] = score_module
        if ray is not None:
            from .spread.command import score_module_on_ray

            score = partial(score_module_on_ray, ray)
        with following(_NAME, stdout if ray else None, debug=options["debug"]) as follow:
            results = score(
                module,
                weights,
                found,
                out,
                _options(options),
                follow,
                device=options["device"],
                in_process=options["in_process"],
                seconds=options["timeout"],
                memory_gb=options["memory_limit"],
                export=options["heareval_layout"],
                command=_NAME,
            )
    return _finish([results], out)


@command.command()
@click.argument("embeddings", nargs=-1, required=True, type=_FOLDER)
@_evaluation_options
@shared.ray_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@shared.common_options
def score(embeddings: tuple[Path, ...], out: Path, **options: Any) -> int:
    """Score EMBEDDINGS that heareval wrote: folders embeddings/MODULE/TASK.

    Writes what `run` writes, MODULE being the name of the folder above.
    """
    stdout = sys.stdout  # Ray's words are kept from it
    with _place(options, out) as ray:
        from .following import following
        from .scoring import score_folders

        score: Callable[..., list[Results]] = score_folders
        if ray is not None:
            from .spread.command import score_folders_on_ray

            score = partial(score_folders_on_ray, ray, device=options["device"])
        with following(_NAME, stdout if ray else None, debug=options["debug"]) as follow:
            results = score(embeddings, out, _options(options), follow)
    return _finish(results, out)


@contextmanager
def _place(options: dict[str, Any], out: Path) -> Iterator[Any]:
    """A context with what `--out` and `--ray` name: the module `ray`, connected, or None.

    Raises:
        UsageError: If the folder cannot be written, or there is no Ray.
    """
    address = options["address"]
    if address is None:
        shared.make_output(out)
        yield None
        return
    from ..cluster import joined
    from ..embed.spread.command import check

    check(address, options["device"])
    shared.make_output(out)
    with joined(address) as ray:
        yield ray


def _options(given: dict[str, Any]) -> Any:
    from .training.engines import Options, plan_of

    # On a cluster the machine here may have no GPU; it is known later whether others have.
    device = given["device"] if given["address"] is None else "cpu"
    plan = plan_of(given["engine"], given["grid"], given["grid_points"], given["seeds"], device)
    return Options(given["engine"], given["probe"], plan)


@command.command()
@click.argument("tasks", nargs=-1, required=True, type=_FOLDER)
@shared.common_options
def check(tasks: tuple[Path, ...], debug: bool) -> int:  # noqa: ARG001 - every command has it
    """Tell everything that is wrong with TASK folders.

    Exit status: 0 nothing is wrong, 1 something is, 2 there is no such folder.
    """
    from .tasks import folder, recordings
    from .tasks.faults import Faults

    status = 0
    for path in folder.find(tasks):
        faults = Faults()
        task = folder.collect(path, faults)
        if task is not None:
            recordings.check(task, faults)
        for line in faults.fatal:
            shared.echo(shared.line(str(path), line) + "\n")
        for line in faults.others:
            shared.echo(shared.line(str(path), f"note: {line}") + "\n")
        if faults.all:
            status = 1
        elif task is not None:
            n = sum(len(split.files) for split in task.splits)
            shared.echo(
                shared.line(
                    str(path),
                    f"nothing is wrong; {n} recordings in {len(task.splits)} splits, "
                    f"{len(task.vocabulary)} labels, {', '.join(map(str, task.rates))} Hz",
                )
                + "\n"
            )
    return status


@command.command()
@click.argument("results", nargs=-1, type=_FOLDER)
@click.option("--html", metavar="FILE", help="Write the board as a page.")
@click.option("--csv", "table", metavar="FILE", help="Write the board as a table.")
@shared.common_options
def board(
    results: tuple[Path, ...],
    html: str | None,
    table: str | None,
    debug: bool,  # noqa: ARG001
) -> int:
    """Place RESULTS among the 34 models of HEAR's leaderboard.

    RESULTS are results.json files, or folders that hold some. Without any, the leaderboard is
    shown as it is. Several results are compared as well.
    """
    check_writable(filter(None, (html, table)))
    from . import words
    from .board import placed
    from .compare import pairs
    from .results import find_all

    found = find_all(results)
    rows = placed(found)
    compared = pairs(found)
    if html:
        from .page import render

        write(html, render(found, rows, compared))
    if table:
        write(table, words.table(rows))
    shared.echo("".join(f"{line}\n" for line in words.board(rows, compared)))
    return 0


@command.command()
@click.argument("table", type=_FOLDER)
@click.option("--root", required=True, type=_FOLDER, help="Folder that the paths begin in.")
@click.option("--out", required=True, type=_FOLDER, help="Task folder: <name>-<version>-<mode>.")
@click.option(
    "--folds",
    metavar="N",
    type=click.IntRange(3),
    help="Number of folds (default one for each group up to 8, otherwise 5).",
)
@click.option(
    "--prediction",
    type=click.Choice(["multiclass", "multilabel"]),
    help="One label each, or several with spaces between them (default by the table).",
)
@shared.common_options
def convert(
    table: Path,
    root: Path,
    out: Path,
    folds: int | None,
    prediction: Any,
    debug: bool,  # noqa: ARG001
) -> int:
    """Make a task folder from a TABLE of recordings.

    TABLE is a CSV file with the columns path,label,group, or for events path,label,start,end in
    milliseconds and perhaps group. What has the same group is in the same fold; the groups train,
    valid and test are the splits of these names.
    """
    from .tasks.convert import convert as converted

    made = converted(table, root, out, folds=folds, prediction=prediction)
    for note in made.notes:
        shared.tell(_NAME, note)
    splits = ", ".join(f"{name} {n}" for name, n in made.splits.items())
    shared.echo(f"{made.n_recordings} recordings at {made.rate} Hz in {made.path}: {splits}\n")
    return 0


def _finish(results: list[Results], out: Path) -> int:
    """The last line, and the exit status."""
    n_scored = sum(len(one.tasks) for one in results)
    n_failed = sum(len(one.failures) for one in results)
    folders = ", ".join(str(out / one.module) for one in results)
    shared.echo(f"scored {n_scored}, failed {n_failed}, in {folders}\n")
    return 1 if n_failed else 0


def main() -> None:
    """Run the command; everything that goes wrong is one line on stderr."""
    # Must be set before PyTorch is imported: threads that spin take cores from those that work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    shared.run(command, _NAME, after_interrupt="the same command resumes where it stopped")
