"""What a submission does to the terminal's modes is undone."""

import os
import pty
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from hearkit.terminal import terminal_kept


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The descriptor of a terminal that is this process's standard input."""
    outer, inner = pty.openpty()
    with os.fdopen(inner) as stream, os.fdopen(outer, "rb", buffering=0):
        monkeypatch.setattr(sys, "stdin", stream)
        yield inner


@pytest.mark.parametrize("in_front", [True, False])
def test_modes_are_as_before_but_for_a_process_in_the_background(
    terminal: int, in_front: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = os.getpgrp() if in_front else os.getpgrp() + 1
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: group)
    before = termios.tcgetattr(terminal)
    with terminal_kept():
        silent = termios.tcgetattr(terminal)
        silent[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSANOW, silent)
    assert (termios.tcgetattr(terminal) == before) is in_front


def test_without_a_terminal_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/null").open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with terminal_kept():
            pass
    monkeypatch.setattr(sys, "stdin", None)
    with terminal_kept():
        pass
