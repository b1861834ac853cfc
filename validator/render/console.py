"""The report on a console: a table of checks, then each finding in full."""

from __future__ import annotations

import io
import shutil
import sys
from types import TracebackType

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from ..report import Report, Result, Status
from ..text import printable

_MARKS = {
    Status.PASSED: ("ok", "green"),
    Status.FAILED: ("FAIL", "bold red"),
    Status.WARNED: ("warn", "yellow"),
    Status.INCONCLUSIVE: ("?", "cyan"),
    Status.SKIPPED: ("skip", "dim"),
    Status.EXPECTED: ("xfail", "yellow"),
    Status.UNEXPECTED_PASS: ("XPASS", "bold red"),
    Status.BROKEN: ("ERROR", "bold magenta"),
}

_NARROWEST = 60
_PLAIN_WIDTH = 100


class Progress:
    """A bar on stderr while checks run; nothing where stderr is no terminal."""

    def __init__(self, *, enabled: bool) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not (enabled and sys.stderr.isatty()),
        )

    def __enter__(self) -> Progress:
        from ..checks import CATALOGUE

        self._bar.start()
        self._task = self._bar.add_task("loading", total=len(CATALOGUE))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def seen(self, result: Result) -> None:
        """Advance by one check."""
        self._bar.update(self._task, advance=1, description=f"after {result.check.id}")


def render(report: Report, *, quiet: bool = False, debug: bool = False) -> str:
    """The report as text; coloured where standard output is a terminal.

    Args:
        report: What to print.
        quiet: Leave out the table.
        debug: Include the submission's tracebacks.
    """
    out = io.StringIO()
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else _PLAIN_WIDTH
    console = Console(
        file=out,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        width=max(width, _NARROWEST),
        highlight=False,
        legacy_windows=False,
    )
    if not quiet:
        console.print(_table(report))
    for result in report.results:
        if result.status in (Status.FAILED, Status.WARNED, Status.EXPECTED):
            _finding(console, result, debug=debug)
        elif result.status in (Status.UNEXPECTED_PASS, Status.BROKEN):
            _odd(console, result)
    console.print(Text(summary(report), "bold" if report.conforms else "bold red"), soft_wrap=True)
    return out.getvalue()


def summary(report: Report) -> str:
    """The last line: how many checks ran and what became of them, and why some did not."""
    counts = report.counts()
    skipped = counts[Status.SKIPPED]
    ran = len(report.results) - skipped
    parts = [f"{counts[s]} {s.value}" for s in Status if counts[s] or s in _ALWAYS]
    verdict = "conforms" if report.conforms else "does not conform"
    reasons = sorted({r.why for r in report.results if r.status is Status.SKIPPED})
    why = f" Skipped: {'; '.join(reasons)}." if reasons else ""
    if not report.ran_behavioural:
        why += " No check that looks at embeddings ran, so nothing is known of them."
    organiser = ", every check included" if report.profile == "organiser" else ""
    return (
        f"{report.module} {verdict}: {ran} checks ran in {report.seconds:.1f} s on "
        f"{report.device}{organiser}: {', '.join(parts)}.{why}"
    )


_ALWAYS = {Status.PASSED, Status.WARNED, Status.FAILED, Status.SKIPPED}


def _table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what holds")
    table.add_column("measured", overflow="fold")
    table.add_column("s", justify="right", no_wrap=True)
    for result in report.results:
        mark, style = _MARKS[result.status]
        table.add_row(
            result.check.id,
            Text(mark, style),
            Text(result.check.title),
            Text(printable(_measured(result))),
            f"{result.seconds:.1f}",
        )
    return table


def _measured(result: Result) -> str:
    if result.verdict is None:
        return result.why.splitlines()[0] if result.why else ""
    if result.is_finding:
        return "see below"
    figures = ", ".join(map(str, result.verdict.figures))
    return "; ".join(filter(None, (result.verdict.seen, figures)))


def _finding(console: Console, result: Result, *, debug: bool) -> None:
    assert result.verdict is not None
    mark, style = _MARKS[result.status]
    console.print()
    console.print(
        Text.assemble((f"{mark} {result.check.id} ", style), (result.check.title, "bold"))
    )
    fields = {
        "seen": result.verdict.seen,
        "expected": result.verdict.expected,
        "measured": ", ".join(map(str, result.verdict.figures)),
        "mend": " ".join(filter(None, (result.verdict.hint, result.check.mend))),
        "why": result.check.reason,
        "accepted": result.why,
    }
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in fields.items():
        if text:
            grid.add_row(Text(name, "dim"), Text(printable(text)))
    console.print(Padding(grid, (0, 0, 0, 2)))
    if result.verdict.snippet:
        _indented(console, "reproduce", result.verdict.snippet)
    trace = str(result.verdict.evidence.get("traceback", ""))
    if trace and debug:
        _indented(console, "traceback", trace)


def _odd(console: Console, result: Result) -> None:
    mark, style = _MARKS[result.status]
    console.print()
    console.print(
        Text.assemble((f"{mark} {result.check.id} ", style), (result.check.title, "bold"))
    )
    text = (
        f"it was expected to fail ({result.why}) and passes: remove it from the expected failures"
        if result.status is Status.UNEXPECTED_PASS
        else result.why
    )
    _indented(console, "", text)


def _indented(console: Console, title: str, text: str) -> None:
    if title:
        console.print(Text(f"  {title}", "dim"))
    for line in printable(text).splitlines():
        console.print(Text(f"    {line}"), soft_wrap=True)
