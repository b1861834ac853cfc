"""A worker process that runs the submission: started, limited, watched and replaced from here.

What a submission can and cannot do to a run:

- It runs in the worker only. What comes back is JSON and `.npy` files read without pickle, from
  plain files of bounded size; nothing of it is executed here, and what the submission prints
  goes to a file of its own.
- Answers carry the secret of their request. Whatever else is written on the line is ignored.
- Hanging, stopping itself, flooding the line, closing it, never reading from it, leaving children
  that hold it open: the time limit ends each. A guard above the worker (`worker.guard`) ends its
  descendants until none is left, and removes its folders, also when the validator itself is
  killed. Where the system hands no orphans to a guard (all but Linux), those are ended that still
  carry the worker's mark.
- A worker that ends between two steps is noticed at the next one.
- An array is described and not written where it is larger than the answer to this audio may be.
- Code in the same process as the worker can find its secrets, replace its functions and invent
  answers. Embeddings from the same process cannot be told from invented ones, so no validator
  can prevent that; it takes intent, and no accident does it.
- It can also recognise the validator (its modules on the stack, its stimuli, its process's parent,
  command line and variables) and answer well only there. The organiser's profile draws its seed,
  so that no table of answers passes; behaviour that depends on who asks can only be read in the
  code.
- It can kill the guard, being of the same user: the kernel then ends the worker, and of what it
  started those are found that carry the mark. Files that it leaves in shared memory under names of
  its own stay there, and count for nobody's limit.
- This is no sandbox. The submission has the rights of the user who runs the validator: it can
  delete files and change installed packages. Run strangers' code in a container.
"""

from __future__ import annotations

import contextlib
import errno
import math
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
from ..errors import Fault, HearError, OutOfTimeError, UsageError
from . import wire
from .contract import MEMORY_LIMIT_GB
from .replies import reply
from .requests import Request
from .running import Running, environment, started
from .spares import Spares
from .submission import Reply, Submission

_FIRST_TICK_S, _LONGEST_TICK_S = 0.01, 0.1
"""Seconds between two looks at the worker, which hold it up: more of them in longer steps."""

_ANSWER_BYTES, _ANSWER_PER_BYTE = 1 << 28, 256
"""Bytes that an array of an answer may have: a quarter of a GB, and for each byte of audio as much
as 4096 numbers every millisecond at 16 kHz. It is written, read and kept in this process."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENFILE}
"""Errors that have nothing to do with the submission."""

Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Limits:
    """What a step may take.

    Attributes:
        seconds: Time limit of a step.
        memory_bytes: Most resident memory of the worker and what it started.
        total_seconds: Time limit of the whole run; infinite for none.
        until: When the whole run has to end, on the monotonic clock.
    """

    seconds: float
    memory_bytes: int
    total_seconds: float = math.inf
    until: float = math.inf


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
        short: Whether it gets a short list of environment variables; see `running.environment`.
    """

    def __init__(
        self,
        submission: Submission,
        limits: Limits,
        spares: Callable[[], Spares | None] = lambda: None,
        *,
        command: str = "hear-validate",
        watched: bool = True,
        short: bool = False,
    ) -> None:
        self._submission = submission
        self._limits = limits
        self._spares = spares
        self._command = command
        self._watched = watched
        self._short = short
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
        """See `submission.Connection.ask`.

        Raises:
            OutOfTimeError: If the time for the whole run is used up.
        """
        if self._worker is not None and not self.alive:
            raise self._ended(self._worker, f"before {step}")
        worker = self._worker = self._worker or self._start()
        token = secrets.token_hex(16)
        message: dict[str, Any] = {
            "request": type(request).__name__,
            "parameters": wire.plain(request),
            "token": token,
            "audio": "",
            "largest": _largest(audio, self._limits.memory_bytes),
        }
        allowed = self._limits.seconds + seconds
        end = min(time.monotonic() + allowed, self._limits.until)
        worker.memory.begin()
        try:
            if audio is not None:
                message["audio"] = worker.exchange.write("audio", audio)
            worker.outgoing.send(message, end)
        except TimeoutError:
            raise self._late(step, allowed) from None
        except OSError as error:
            raise self._not_sent(worker, step, error) from error
        answer = self._wait(worker, token, step, allowed, end)
        if audio is not None:
            worker.exchange.done(message["audio"])
        peak, most = worker.memory.bytes, message["largest"]
        return reply(request, answer, worker.exchange, step, peak, most)

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
        variables = environment(watched=self._watched, short=self._short)
        worker = started(settings, variables, self._spares())
        self.starts += 1
        return worker

    def _wait(
        self, worker: Running, token: str, step: str, allowed: float, end: float
    ) -> dict[str, Any]:
        """The answer to the request with this token."""
        for seconds in _ticks():
            # Looked at before the line is, so that a last answer is not lost.
            ended = worker.process.poll() is not None
            lines = worker.incoming.lines(seconds)
            answer = _answer(lines, token)
            if answer is not None:
                worker.memory.look_back()
            elif worker.incoming.ended or (ended and not lines):
                raise self._ended(worker, step)
            else:
                worker.memory.look()
            if worker.memory.bytes > self._limits.memory_bytes:
                raise self._too_large(step)
            worker.shorten_log()
            if answer is not None:
                return answer
            if time.monotonic() > end:
                raise self._late(step, allowed)
        raise AssertionError

    def _late(self, step: str, allowed: float) -> HearError:
        self.close()
        if time.monotonic() > self._limits.until:
            total = self._limits.total_seconds
            return OutOfTimeError(
                f"{step}: the whole run had {total:.0f} s, which are used up (--total-timeout)"
            )
        what = f"did not answer within {allowed:.0f} s and was stopped (--timeout)"
        return Fault("timeout", what, step)

    def _not_sent(self, worker: Running, step: str, error: OSError) -> HearError:
        if error.errno in _NO_ROOM:
            places = " and ".join(str(folder.parent) for folder in worker.exchange.folders)
            return UsageError(
                "the audio cannot be handed to the module's process "
                f"({error.strerror or error}); make room in {places}"
            )
        # It has ended, or done something to the folder that audio is handed over in.
        return self._ended(worker, step)

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


def _largest(audio: NDArray[np.float32] | None, memory_bytes: int) -> int:
    """Bytes that each array of an answer may have."""
    given = 0 if audio is None else audio.nbytes
    return min(memory_bytes, _ANSWER_BYTES + _ANSWER_PER_BYTE * given)


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
