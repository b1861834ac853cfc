"""The beginning of a new process: a guard above it, then what it is made of.

What a process is made of is imported below the guard, which stays small.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .guard import guarded

_GRACE_S = 3.0
"""Seconds for the guards of forks to remove their folders, when the caller was killed."""


def worker() -> None:
    """Serve with the settings, the lifeline and the temporary folders of the command line."""
    settings, lifeline, *folders = sys.argv[1:]
    guard = guarded(int(lifeline), [Path(folder) for folder in folders])
    from .. import wire
    from .serve import Settings, serve

    given = json.loads(settings)
    serve(wire.typed(Settings, given | {"parent": guard or given["parent"]}))


def template() -> None:
    """Be a template: the command line has its line, lifeline, folder and the frameworks."""
    line, lifeline, folder, *frameworks = sys.argv[1:]
    guarded(int(lifeline), [Path(folder)], _GRACE_S)
    from .template import fork_workers

    fork_workers(int(line), frameworks)
