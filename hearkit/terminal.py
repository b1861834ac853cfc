"""The user's terminal stays as it was, whatever a submission does to it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def terminal_kept() -> Iterator[None]:
    """A context after which the terminal, if there is one, has the modes that it had before.

    A worker has no terminal of its own, but can open the user's by its name.
    """
    modes = None
    with contextlib.suppress(ImportError, OSError, AttributeError, ValueError):
        import termios

        terminal = sys.stdin.fileno()
        with contextlib.suppress(termios.error):
            modes = termios.tcgetattr(terminal)
    try:
        yield
    finally:
        if modes is not None:
            with contextlib.suppress(termios.error, OSError):
                # In the background, setting them would stop this process.
                if os.tcgetpgrp(terminal) == os.getpgrp():
                    termios.tcsetattr(terminal, termios.TCSANOW, modes)
