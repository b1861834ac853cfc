"""How long commands take to start, in fresh processes, in turns."""

from __future__ import annotations

import sys
from pathlib import Path

from ._processes import Seconds, of_command
from ._tables import Cell, Table, Timing

_TURNS = 11
_QUICK_TURNS = 3

_SCRIPTS = Path(sys.executable).parent

COMMANDS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "import torch": (sys.executable, "-c", "import torch"),
    "import hearbaseline": (sys.executable, "-c", "import hearbaseline"),
    "import hearbaseline.mel": (sys.executable, "-c", "import hearbaseline.mel"),
    "import validator": (sys.executable, "-c", "import validator"),
    "hear-validate --help": (str(_SCRIPTS / "hear-validate"), "--help"),
    "hear-validate --list": (str(_SCRIPTS / "hear-validate"), "--list"),
    "hear-embed --help": (str(_SCRIPTS / "hear-embed"), "--help"),
}

_GOALS_S = {"hear-validate --help": 0.3, "hear-validate --list": 0.3}
_GOALS_RATIO = {"import hearbaseline": 1.15, "import hearbaseline.mel": 1.15}
"""Times as long as `import torch`, at most; the first does not import it, a baseline does."""


def tables(_: str, *, quick: bool) -> list[Table]:
    """Seconds until each command has ended, and of processor time, which others disturb less."""
    turns: dict[str, list[Seconds]] = {name: [] for name in COMMANDS}
    for turn in range((_QUICK_TURNS if quick else _TURNS) + 1):
        for name, command in COMMANDS.items():
            took = of_command(command)
            if turn:  # the first fills the system's cache of files
                turns[name].append(took)
    rows: list[dict[str, Cell]] = []
    torch = Timing(tuple(one.processor for one in turns["import torch"]))
    for name, taken in turns.items():
        wall = Timing(tuple(one.wall for one in taken))
        processor = Timing(tuple(one.processor for one in taken))
        ratio = processor.over(torch)
        rows.append(
            {
                "command": name,
                "s": wall,
                "processor s": processor,
                "times import torch": ratio,
                "goal": _goal(name),
                "met": _met(name, wall.median, ratio),
            }
        )
    title = "Start-up: seconds in a fresh process, median (least-most)"
    return [Table("startup", title, tuple(rows))]


def _goal(name: str) -> str:
    if name in _GOALS_RATIO:
        return f"{_GOALS_RATIO[name]} x import torch"
    return f"{_GOALS_S[name]} s" if name in _GOALS_S else ""


def _met(name: str, seconds: float, ratio: float) -> str:
    if not _goal(name):
        return ""
    met = ratio <= _GOALS_RATIO[name] if name in _GOALS_RATIO else seconds <= _GOALS_S[name]
    return "yes" if met else "no"
