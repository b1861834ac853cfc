"""What a user sees of a run while it works."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .. import command as shared
from ..errors import HearError
from . import words
from .results import TaskResult
from .run import Follow


@contextmanager
def following(name: str, *, debug: bool) -> Iterator[Follow]:
    """A bar on a terminal, lines on stderr, and each result on stdout as soon as it is there.

    Args:
        name: The command's.
        debug: Whether errors are told with their traceback.
    """
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        # Results go to stdout, wherever that leads; on the terminal they must not break the bar.
        redirect_stdout=sys.stdout.isatty(),
    ) as progress:
        bar = progress.add_task("", total=None)

        def tell(done: int, total: int, what: str) -> None:
            said = shared.line(name, what)
            progress.update(bar, completed=done, total=total, description=said)

        def line(text: str, error: HearError | None) -> None:
            if debug and error:
                console.print("".join(traceback.format_exception(error)), end="")
            console.print(shared.line(name, text))

        def finished(result: TaskResult, is_new: bool) -> None:
            shared.echo(shared.line(result.task, words.result(result, is_new)) + "\n")

        yield Follow(tell, line, finished)
