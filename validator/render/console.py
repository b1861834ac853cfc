"""The report on a console: a table of checks, then each finding in full."""

from __future__ import annotations

import io
import shutil
import sys
from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from hearkit.text import one_line, printable

from ..report import Report, Result, Status
from ..words import counted

MARKS = {
    Status.PASSED: ("ok", "green"),
    Status.FAILED: ("FAIL", "bold red"),
    Status.WARNED: ("warn", "yellow"),
    Status.INCONCLUSIVE: ("?", "cyan"),
    Status.SKIPPED: ("skip", "dim"),
    Status.EXPECTED: ("xfail", "yellow"),
    Status.UNEXPECTED_PASS: ("XPASS", "bold red"),
    Status.BROKEN: ("ERROR", "bold magenta"),
}

_COUNTED = {
    Status.PASSED: "passed",
    Status.WARNED: "warned",
    Status.FAILED: "failed",
    Status.UNEXPECTED_PASS: "passed although expected to fail",
    Status.BROKEN: "broken",
    Status.EXPECTED: "failed as expected",
    Status.INCONCLUSIVE: "inconclusive",
    Status.SKIPPED: "skipped",
}
_ALWAYS = {Status.PASSED, Status.WARNED, Status.FAILED, Status.SKIPPED}
"""What the last line counts even where there is none."""

_NARROWEST = 60
_PLAIN_WIDTH = 100
_LONGEST_TITLE = 45
_LONGEST_CELL = 110
"""Characters; what is longer is told in full below the table."""


class Progress:
    """A bar on stderr while checks run; nothing where stderr is no terminal."""

    def __init__(self, *, enabled: bool, runs: int = 1) -> None:
        self._runs = runs
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not (enabled and _is_terminal(sys.stderr)),
        )

    def __enter__(self) -> Progress:
        from ..checks import CATALOGUE

        self._bar.start()
        self._task = self._bar.add_task("loading", total=self._runs * len(CATALOGUE))
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
    console = console_into(out)
    if not quiet:
        console.print(_table(report))
    for result in report.results:
        if result.status in (Status.FAILED, Status.WARNED, Status.EXPECTED):
            _finding(console, result, debug=debug)
        elif result.status in (Status.UNEXPECTED_PASS, Status.BROKEN):
            _odd(console, result)
    _undecided(console, report)
    if not quiet or len(out.getvalue()):
        console.print()
    console.print(Text(summary(report), "bold" if report.conforms else "bold red"), soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def console_into(out: io.StringIO) -> Console:
    """A console that writes there as standard output would look."""
    terminal = _is_terminal(sys.stdout)
    return Console(
        file=out,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        width=max(shutil.get_terminal_size((_PLAIN_WIDTH, 0)).columns, _NARROWEST),
        highlight=False,
        legacy_windows=False,
    )


def summary(report: Report) -> str:
    """The last line: how many checks ran and what became of them, and why some did not."""
    counts = report.counts()
    ran = len(report.results) - counts[Status.SKIPPED]
    verdict = "conforms" if report.conforms else "does not conform"
    outcomes = (f"{counts[s]} {w}" for s, w in _COUNTED.items() if counts[s] or s in _ALWAYS)
    said = [
        f"{report.module} {verdict}: {counted(ran, 'check')} ran in {report.seconds:.1f} s "
        f"on {report.device}: {', '.join(outcomes)}."
    ]
    reasons = Counter(r.why for r in report.results if r.status is Status.SKIPPED)
    if reasons:
        said.append(f"Skipped: {'; '.join(f'{why} ({n})' for why, n in reasons.items())}.")
    if not report.ran_behavioural:
        said.append("No check that looks at embeddings ran, so nothing is known of them.")
    if report.profile == "organiser":
        said.append("Organiser's profile: every check, no expected failures.")
    return one_line(" ".join(said), longest=10_000)


def _table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what holds", max_width=_LONGEST_TITLE)
    table.add_column("measured", overflow="fold", ratio=1)
    table.add_column("s", justify="right", no_wrap=True)
    for result in report.results:
        mark, style = MARKS[result.status]
        table.add_row(
            result.check.id,
            Text(mark, style),
            Text(result.check.title),
            Text(one_line(_measured(result), _LONGEST_CELL)),
            f"{result.seconds:.1f}" if result.verdict else "",
            style="dim" if result.status is Status.SKIPPED else None,
        )
    return table


def _measured(result: Result) -> str:
    if result.status is Status.BROKEN or result.is_finding:
        return "see below"
    if result.verdict is None:
        # The last line has the rest: that what is needed found a defect, or was left out.
        return result.skipped.brief if result.skipped else ""
    if result.status is Status.INCONCLUSIVE and len(_undecided_why(result)) > _LONGEST_CELL:
        return "could not tell, see below"
    return _undecided_why(result)


def _undecided_why(result: Result) -> str:
    """What a check saw that found nothing, with its figures."""
    assert result.verdict is not None
    return "; ".join(filter(None, (result.verdict.seen, _figures(result))))


def _figures(result: Result) -> str:
    return ", ".join(map(str, result.verdict.figures)) if result.verdict else ""


def _finding(console: Console, result: Result, *, debug: bool) -> None:
    assert result.verdict is not None
    _heading(console, result)
    fields = {
        "seen": result.verdict.seen,
        "expected": result.verdict.expected,
        "measured": _figures(result),
        "fix": result.fix,
        "why": result.check.reason,
        "accepted": result.why,
    }
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in fields.items():
        if text:
            grid.add_row(Text(name, "dim"), Text(printable(text)))
    console.print(Padding(grid, (0, 0, 0, 2)))
    if result.snippet:
        _verbatim(console, "reproduce", result.snippet, indent="")
    if result.verdict.traceback and debug:
        _verbatim(console, "traceback", result.verdict.traceback)


def _odd(console: Console, result: Result) -> None:
    _heading(console, result)
    if result.status is Status.BROKEN:
        _verbatim(console, "", result.why)
        return
    text = (
        f"it was expected to fail ({result.why}) and passes: remove it from the expected failures"
    )
    console.print(Padding(Text(printable(text)), (0, 0, 0, 2)))


def _undecided(console: Console, report: Report) -> None:
    """Reasons too long for the table, each once: many checks may share one."""
    reasons: dict[str, list[str]] = {}
    for result in report.results:
        if result.status is Status.INCONCLUSIVE:
            why = _undecided_why(result)
            if len(why) > _LONGEST_CELL:
                reasons.setdefault(why, []).append(result.check.id)
    for why, ids in reasons.items():
        console.print()
        console.print(Text.assemble(("? ", "cyan"), (", ".join(ids), "bold"), " could not tell"))
        console.print(Padding(Text(printable(why)), (0, 0, 0, 2)))


def _heading(console: Console, result: Result) -> None:
    mark, style = MARKS[result.status]
    console.print()
    console.print(
        Text.assemble((f"{mark} {result.check.id} ", style), (result.check.title, "bold"))
    )


def _verbatim(console: Console, title: str, text: str, indent: str = "    ") -> None:
    """Lines as they are, never wrapped; a snippet is not indented either, to be copied."""
    if title:
        console.print(Text(f"  {title}", "dim"))
    for line in printable(text).splitlines():
        console.print(Text(indent + line), soft_wrap=True)


def _is_terminal(stream: object) -> bool:
    return bool(stream) and getattr(stream, "isatty", lambda: False)()
