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
import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import numpy as np
import psutil
from numpy.typing import NDArray

from .. import machine
from ..effect import Effect
from ..errors import Fault, UsageError
from ..text import one_line, printable
from . import wire
from .contract import MEMORY_LIMIT_GB
from .exchange import Exchange, prefix, read_array
from .memory import PeakMemory
from .requests import Request
from .spares import MARK, Forked, Spares
from .submission import Reply, Submission, Value

_FIRST_TICK_S, _LONGEST_TICK_S = 0.01, 0.1
"""Seconds between two looks at the worker, which hold it up: more of them in longer steps."""

_LARGEST_LOG = 16 * 1024 * 1024
"""Bytes of the worker's own output that are kept; beyond them it begins anew."""

_LOG_TAIL = 4000
"""Bytes of the worker's own output that a fault quotes from."""

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
"""Not passed on: through a proxy on this machine a download would look like a local connection."""

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


class _Process(Protocol):
    """What is needed of a process, whoever its parent is."""

    pid: int

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


@dataclass(frozen=True)
class _Running:
    """A worker that was started, and the means to talk to it."""

    process: _Process
    outgoing: BinaryIO
    incoming: wire.Incoming
    answers: BinaryIO
    exchange: Exchange
    folder: Path
    log: BinaryIO
    mark: str


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
        self._worker: _Running | None = None
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
        return _reply(request, answer, worker.exchange, step, peak, self._limits.memory_bytes)

    def close(self) -> None:
        """End the worker, whatever it does, with all that it started."""
        worker, self._worker = self._worker, None
        if worker is not None:
            _kill(worker)
            worker.log.close()
            worker.exchange.close()
            shutil.rmtree(worker.folder, ignore_errors=True)

    def _start(self) -> _Running:
        mark = secrets.token_hex(8)
        exchange = Exchange.open()
        settings = {
            "module": self._submission.module,
            "device": self._submission.device,
            "exchange": exchange.folders,
            "folder": Path.cwd(),
            "command": self._command,
            "watched": self._watched,
        }
        folder = Path(tempfile.mkdtemp(prefix=prefix()))
        log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
        fcntl.fcntl(log, fcntl.F_SETFL, os.O_RDWR | os.O_APPEND)  # so that it can be emptied
        requests, answers = os.pipe(), os.pipe()
        streams = (requests[0], answers[1], log.fileno())
        spares = self._spares()
        process: _Process | None = None
        if spares is not None:
            process = spares.fork(settings, {MARK: mark}, streams)
        if process is None:
            variables = environment(watched=self._watched) | {MARK: mark}
            process = _spawned(settings, folder, variables, streams)
        os.close(requests[0])
        os.close(answers[1])
        self.starts += 1
        return _Running(
            process,
            os.fdopen(requests[1], "wb"),
            wire.Incoming(answers[0]),
            os.fdopen(answers[0], "rb"),
            exchange,
            folder,
            log,
            mark,
        )

    def _wait(
        self, worker: _Running, token: str, step: str, allowed: float
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
            if answer is not None:
                return answer, memory.bytes
            if os.fstat(worker.log.fileno()).st_size > _LARGEST_LOG:
                os.ftruncate(worker.log.fileno(), 0)
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

    def _ended(self, worker: _Running, step: str) -> Fault:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(2)
        status = worker.process.poll()
        printed = _printed(worker.log)
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


def environment(*, watched: bool = True) -> dict[str, str]:
    """The environment variables of a worker.

    Args:
        watched: See `WorkerProcess`; otherwise they are those of this process but for how
            threads wait.
    """
    found = dict(os.environ)
    if "PYTHONPATH" in found:
        # The worker starts in another folder: what is relative, "" included, is so to this one.
        entries = found["PYTHONPATH"].split(os.pathsep)
        found["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, entries))
    if watched:
        found = {k: v for k, v in found.items() if k.lower() not in _PROXIES}
        found["PYTHONDONTWRITEBYTECODE"] = "1"
        # A known number of threads, so that a submission that changes it is seen to.
        found.setdefault("OMP_NUM_THREADS", str(machine.cores()))
    # Idle threads sleep: spinning, they hold up those that work where cores are shared, and
    # runs next to another program took two to five times as long.
    found.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return found


def default_memory_bytes() -> int:
    """The memory limit where none is given: what the rules promise, if so much is free."""
    return min(int(MEMORY_LIMIT_GB * 1e9), free_memory_bytes())


def free_memory_bytes() -> int:
    """Three quarters of what is free: the caller needs some, too."""
    return int(0.75 * psutil.virtual_memory().available)


def _spawned(
    settings: dict[str, Any],
    folder: Path,
    variables: dict[str, str],
    streams: tuple[int, int, int],
) -> subprocess.Popen[bytes]:
    # -c from an empty folder: nothing in the participant's folder can stand in for a
    # module of the worker's. The root goes last, since it may be site-packages.
    root = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.append({root!r}); import hearkit.api.worker.serve as w; w.main()"
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", code,
         json.dumps(settings | {"parent": os.getpid()}, default=os.fspath)],
        stdin=streams[0],
        stdout=streams[1],
        stderr=streams[2],
        cwd=folder,
        env=variables,
        start_new_session=True,
    )  # fmt: skip


def _printed(log: BinaryIO) -> str:
    """The end of what the worker printed; read from the open file, not from a name."""
    with contextlib.suppress(OSError):
        size = os.fstat(log.fileno()).st_size
        tail = os.pread(log.fileno(), _LOG_TAIL, max(0, size - _LOG_TAIL))
        return printable(tail.decode("utf-8", "replace"))
    return ""


def _kill(worker: _Running) -> None:
    """End the worker, its process group, and descendants that left the group."""
    if worker.process.poll() is None:
        # Only while it lives: afterwards its number may be another process's.
        machine.kill_group(worker.process.pid)
    worker.process.kill()
    worker.process.wait()
    if isinstance(worker.process, Forked):
        worker.process.spares.end_strays()
    for process in machine.marked_processes(MARK, worker.mark):
        with contextlib.suppress(psutil.Error):
            process.kill()
    for stream in (worker.outgoing, worker.answers):
        with contextlib.suppress(OSError):
            stream.close()


def _reply(
    request: Request[Facts],
    answer: dict[str, Any],
    exchange: Exchange,
    step: str,
    peak: int,
    most: int,
) -> Reply[Facts]:
    """The reply, or the fault, that a message holds."""
    try:
        effects = tuple(Effect(one_line(e[0]), one_line(e[1]), step) for e in answer["effects"])
        fault = answer["fault"]
        if fault is not None:
            raise Fault(
                str(fault["kind"]),
                one_line(fault["message"]),
                step,
                traceback=printable(str(fault["traceback"])),
                effects=effects,
                missing=str(fault["missing"]),
            )
        return Reply(
            wire.typed(request.facts, answer["facts"]),
            one_line(answer["container"]),
            tuple(_value(v, exchange, most) for v in answer["values"]),
            tuple(map(str, answer["opened"])),
            effects,
            float(answer["seconds"]),
            peak,
        )
    except (AttributeError, LookupError, TypeError, ValueError, OSError) as error:
        raise Fault(
            "answer", f"the worker's answer cannot be read ({one_line(error)})", step
        ) from None


def _value(raw: dict[str, Any], exchange: Exchange, most: int) -> Value:
    shape = tuple(int(n) for n in raw["shape"])
    array: NDArray[Any] | None = None
    if raw["array"]:
        array = read_array(exchange.path(str(raw["array"])), most)
        if array.shape != shape:
            raise ValueError(f"an array of shape {array.shape} is said to be {shape}")
    return Value(
        one_line(raw["type"]),
        one_line(raw["framework"]),
        one_line(raw["dtype"]),
        shape,
        one_line(raw["device"]),
        bool(raw["requires_grad"]),
        array,
    )
