"""A worker process that runs the submission: started, limited, watched and replaced from here.

What a submission can and cannot do to a run:

- It runs in the worker only. What comes back is JSON and `.npy` files read without pickle, from
  plain files of bounded size; nothing of it is executed here, and what the submission prints
  goes to a file of its own.
- Answers carry the secret of their request. Whatever else is written on the line is ignored.
- Hanging, stopping itself, flooding the line, closing it, leaving children that hold it open:
  the time limit ends each, and all descendants that still carry the worker's mark are killed.
- A worker that ends between two steps is noticed at the next one.
- Code in the same process as the worker can find its secrets, replace its functions and invent
  answers. Embeddings from the same process cannot be told from invented ones, so no validator
  can prevent that; it takes intent, and no accident does it.
- This is no sandbox. The submission has the rights of the user who runs the validator: it can
  delete files and change installed packages. Run strangers' code in a container.
"""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil
from numpy.typing import NDArray

from .. import machine
from ..errors import Fault, UsageError
from . import wire
from .contract import MEMORY_LIMIT_GB
from .memory import PeakMemory
from .replies import reply
from .requests import Request
from .running import Running, environment, started
from .spares import Spares
from .submission import Reply, Submission

_FIRST_TICK_S, _LONGEST_TICK_S = 0.01, 0.1
"""Seconds between two looks at the worker, which hold it up: more of them in longer steps."""

Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Limits:
    """What a step may take.

    Attributes:
        seconds: Time limit of a step.
        memory_bytes: Most resident memory of the worker and what it started.
    """

    seconds: float
    memory_bytes: int


class WorkerProcess:
    """A `Connection` to a submission in a process of its own.

    The process is started by the first request, and again by the first one after a fault that
    ended it.

    Args:
        submission: What to load; the current folder is searched first.
        limits: What a step may take.
        spares: Returns the workers that can be forked, or None to start a new process each time.
        command: Name of the command that the submission sees in `sys.argv`.
        watched: Whether to watch for side effects. The submission then has no network, and a known
            number of threads.
    """

    def __init__(
        self,
        submission: Submission,
        limits: Limits,
        spares: Callable[[], Spares | None] = lambda: None,
        *,
        command: str = "hear-validate",
        watched: bool = True,
    ) -> None:
        self._submission = submission
        self._limits = limits
        self._spares = spares
        self._command = command
        self._watched = watched
        self._worker: Running | None = None
        self.starts = 0

    def start(self) -> None:
        """Start the process now; otherwise the first request does it."""
        self._worker = self._worker or self._start()

    @property
    def alive(self) -> bool:
        """See `submission.Connection.alive`."""
        return self._worker is not None and self._worker.process.poll() is None

    def ask(
        self,
        request: Request[Facts],
        *,
        step: str,
        audio: NDArray[np.float32] | None = None,
        seconds: float = 0.0,
    ) -> Reply[Facts]:
        """See `submission.Connection.ask`."""
        if self._worker is not None and not self.alive:
            raise self._ended(self._worker, f"before {step}")
        worker = self._worker = self._worker or self._start()
        token = secrets.token_hex(16)
        message: dict[str, Any] = {
            "request": type(request).__name__,
            "parameters": wire.plain(request),
            "token": token,
            "audio": "",
        }
        try:
            if audio is not None:
                message["audio"] = worker.exchange.write("audio", audio)
            wire.send(worker.outgoing, message)
        except (BrokenPipeError, FileNotFoundError, NotADirectoryError):
            raise self._ended(worker, step) from None
        except OSError as error:
            places = " and ".join(str(folder.parent) for folder in worker.exchange.folders)
            raise UsageError(
                "the audio cannot be handed to the module's process "
                f"({error.strerror or error}); make room in {places}"
            ) from error
        answer, peak = self._wait(worker, token, step, self._limits.seconds + seconds)
        if audio is not None:
            worker.exchange.done(message["audio"])
        return reply(request, answer, worker.exchange, step, peak, self._limits.memory_bytes)

    def close(self) -> None:
        """End the worker, whatever it does, with all that it started."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _start(self) -> Running:
        settings = {
            "module": self._submission.module,
            "device": self._submission.device,
            "folder": Path.cwd(),
            "command": self._command,
            "watched": self._watched,
        }
        worker = started(settings, environment(watched=self._watched), self._spares())
        self.starts += 1
        return worker

    def _wait(
        self, worker: Running, token: str, step: str, allowed: float
    ) -> tuple[dict[str, Any], int]:
        """The answer to the request with this token, and the peak memory meanwhile."""
        end = time.monotonic() + allowed
        memory = PeakMemory(worker.process.pid)
        for seconds in _ticks():
            # Looked at before the line is, so that a last answer is not lost.
            ended = worker.process.poll() is not None
            lines = worker.incoming.lines(seconds)
            answer = _answer(lines, token)
            if answer is not None:
                memory.look_back()
            elif worker.incoming.ended or (ended and not lines):
                raise self._ended(worker, step)
            else:
                memory.look()
            if memory.bytes > self._limits.memory_bytes:
                raise self._too_large(step)
            worker.shorten_log()
            if answer is not None:
                return answer, memory.bytes
            if time.monotonic() > end:
                self.close()
                raise Fault(
                    "timeout",
                    f"did not answer within {allowed:.0f} s and was stopped (--timeout)",
                    step,
                )
        raise AssertionError

    def _too_large(self, step: str) -> Fault:
        self.close()
        limit = self._limits.memory_bytes / 1e9
        what = f"used over {limit:.1f} GB of memory and was stopped (--memory-limit)"
        return Fault("memory", what, step)

    def _ended(self, worker: Running, step: str) -> Fault:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(2)
        status = worker.process.poll()
        printed = worker.printed()
        self.close()
        if status is None:
            what = f"closed the line to {self._command}"
        elif status < 0:
            what = f"ended its process by signal {machine.signal_name(-status)}"
        else:
            what = f"ended its process with exit status {status}"
        return Fault("crash", what, step, traceback=printed)


def _ticks() -> Iterator[float]:
    """Seconds between one look at the worker and the next."""
    seconds = _FIRST_TICK_S
    while True:
        yield seconds
        seconds = min(1.1 * seconds, _LONGEST_TICK_S)


def _answer(lines: list[bytes], token: str) -> dict[str, Any] | None:
    """The message among the lines that carries the token."""
    messages = (wire.parse(line) for line in lines)
    return next((m for m in messages if m is not None and m.get("token") == token), None)


def default_memory_bytes() -> int:
    """The memory limit where none is given: what the rules promise, if so much is free."""
    return min(int(MEMORY_LIMIT_GB * 1e9), free_memory_bytes())


def free_memory_bytes() -> int:
    """Three quarters of what is free: the caller needs some, too."""
    return int(0.75 * psutil.virtual_memory().available)
