"""The connection of commands that embed: to a worker process, or within this one."""

from __future__ import annotations

from ..api.submission import Connection, Submission


def connect(
    submission: Submission,
    *,
    seconds: float,
    memory_bytes: int | None,
    command: str,
    in_process: bool,
) -> Connection:
    """Open a connection; the process starts meanwhile.

    Args:
        submission: What to load.
        seconds: Time limit of a step.
        memory_bytes: Memory of the process; None for three quarters of what is free.
        command: What the module sees as the command's name.
        in_process: Whether the module runs in this process.
    """
    if in_process:
        from ..api.local import LocalConnection

        return LocalConnection(submission)
    from ..api.process import Limits, WorkerProcess, free_memory_bytes

    limits = Limits(seconds, free_memory_bytes() if memory_bytes is None else memory_bytes)
    # As in this process: these commands judge nobody, and the module may fetch its weights.
    worker = WorkerProcess(submission, limits, command=command, watched=False)
    worker.start()  # its imports take longer than ours
    return worker
