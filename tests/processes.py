"""Processes that tests interrupt."""

import signal
import subprocess
from typing import Any


def interruptible(command: list[Any], **options: Any) -> subprocess.Popen[str]:
    """A process that an interrupt reaches, even where the tests run in a shell's background.

    Such a shell has its children ignore interrupts, and they have theirs ignore them.
    """
    return subprocess.Popen(
        command,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )
