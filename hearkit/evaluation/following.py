"""What a user sees of a run while it works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from .. import command as shared
from ..bar import bar, teller
from . import words
from .job import Follow
from .results import TaskResult


@contextmanager
def following(name: str, stdout: TextIO | None, *, debug: bool) -> Iterator[Follow]:
    """A bar on a terminal, lines on stderr, and each result on stdout as soon as it is there.

    Args:
        name: The command's.
        stdout: Standard output, where something has taken its place; None where it is itself.
        debug: Whether errors are told with their traceback.
    """
    with bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    ) as progress:
        task = progress.add_task("", total=None)

        def tell(done: int, total: int, what: str) -> None:
            said = shared.line(name, what)
            progress.update(task, completed=done, total=total, description=said)

        def finished(called: str, result: TaskResult, is_new: bool) -> None:
            line = shared.line(called, words.result(result, is_new)) + "\n"
            if stdout is None:
                shared.echo(line)  # the bar lets it pass above itself
                return
            progress.stop()
            shared.echo(line, stdout)
            progress.start()

        yield Follow(tell, teller(progress.console, name, debug=debug), finished)
