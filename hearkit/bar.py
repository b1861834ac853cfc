"""What a user sees of a long run while it works: a bar on a terminal, and lines on stderr."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

from rich.console import Console
from rich.progress import Progress, ProgressColumn

from . import command as shared
from .errors import HearError


def bar(*columns: ProgressColumn) -> Progress:
    """A bar that is drawn on a terminal only, and gone at the end.

    Args:
        columns: What it shows.
    """
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    return Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        # Standard output goes wherever that leads; on the terminal it must not break the bar.
        redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
    )


def teller(
    console: Console, command: str, *, debug: bool
) -> Callable[[str, HearError | None], None]:
    """A function that prints a line, and with `debug` the traceback of its error first.

    Args:
        console: Where lines go; the bar's own, which they do not break.
        command: What lines begin with.
        debug: Whether tracebacks are shown.
    """

    def tell(line: str, error: HearError | None) -> None:
        if debug and error:
            console.print("".join(traceback.format_exception(error)), end="")
        console.print(shared.line(command, line))

    return tell
