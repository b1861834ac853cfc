"""How long commands take to start, in fresh processes, in turns."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

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
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for turn in range((_QUICK_TURNS if quick else _TURNS) + 1):
        for name, command in COMMANDS.items():
            took = _run(command)
            if turn:  # the first fills the system's cache of files
                turns[name].append(took)
    rows: list[dict[str, Cell]] = []
    torch = Timing(tuple(cpu for _, cpu in turns["import torch"]))
    for name, taken in turns.items():
        wall, cpu = (Timing(side) for side in zip(*taken, strict=True))
        ratio = cpu.over(torch)
        rows.append(
            {
                "command": name,
                "s": wall,
                "processor s": cpu,
                "times import torch": ratio,
                "goal": _goal(name),
                "met": _met(name, wall.median, ratio),
            }
        )
    title = "Start-up: seconds in a fresh process, median (least-most)"
    return [Table("startup", title, tuple(rows))]


def _run(command: tuple[str, ...]) -> tuple[float, float]:
    """Seconds by the clock and of processor time."""
    before, start = _used_s(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start, _used_s() - before


def _used_s() -> float:
    """Processor seconds of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _goal(name: str) -> str:
    if name in _GOALS_RATIO:
        return f"{_GOALS_RATIO[name]} x import torch"
    return f"{_GOALS_S[name]} s" if name in _GOALS_S else ""


def _met(name: str, seconds: float, ratio: float) -> str:
    if not _goal(name):
        return ""
    met = ratio <= _GOALS_RATIO[name] if name in _GOALS_RATIO else seconds <= _GOALS_S[name]
    return "yes" if met else "no"
