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
import itertools
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import psutil
from numpy.typing import NDArray

from . import line
from .submission import Effect, Reply, Submission, SubmissionFault, Value
from .text import one_line, printable

_TICK_S = 0.01
"""Seconds between two looks at the worker's memory."""

_CHILDREN_EVERY = 50
"""Ticks between two looks at the memory of what the worker started, which takes longer."""

_LOG_TAIL = 4000
"""Bytes of the worker's own output that a fault quotes from."""

_MARK = "HEAR_VALIDATE_WORKER"
"""Environment variable by which the worker's descendants are known."""

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
"""Not passed on: through a proxy on this machine a download would look like a local connection."""


@dataclass(frozen=True)
class Limits:
    """What a step may take: seconds, and bytes of resident memory for the whole worker."""

    seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class _Running:
    """A worker that was started, and the means to talk to it."""

    process: subprocess.Popen[bytes]
    incoming: line.Incoming
    folder: Path
    log: BinaryIO
    mark: str


class WorkerProcess:
    """A `Connection` to `validator.worker` in a process of its own.

    The process is started by the first request, and again by the first one after a fault that
    ended it.
    """

    def __init__(self, submission: Submission, limits: Limits) -> None:
        self._submission = submission
        self._limits = limits
        self._worker: _Running | None = None
        self._numbers = itertools.count()
        self.starts = 0

    @property
    def alive(self) -> bool:
        """See `submission.Connection.alive`."""
        return self._worker is not None and self._worker.process.poll() is None

    def request(
        self,
        op: str,
        *,
        step: str,
        audio: NDArray[np.float32] | None = None,
        seconds: float = 0.0,
        **parameters: Any,
    ) -> Reply:
        """See `submission.Connection.request`."""
        if self._worker is not None and not self.alive:
            raise self._ended(self._worker, f"before {step}")
        worker = self._worker = self._worker or self._start()
        number, token = next(self._numbers), secrets.token_hex(16)
        message: dict[str, Any] = {"op": op, "token": token, "number": number, **parameters}
        try:
            if audio is not None:
                message["audio"] = f"{number}-{token}.npy"
                line.write_array(worker.folder / message["audio"], audio)
            assert worker.process.stdin is not None
            line.send(worker.process.stdin, message)
        except (BrokenPipeError, FileNotFoundError, NotADirectoryError):
            raise self._ended(worker, step) from None
        answer, peak = self._wait(worker, token, step, self._limits.seconds + seconds)
        if audio is not None:
            (worker.folder / message["audio"]).unlink(missing_ok=True)
        return _reply(answer, worker.folder, step, peak, self._limits.memory_bytes)

    def close(self) -> None:
        """End the worker, whatever it does, with all that it started."""
        worker, self._worker = self._worker, None
        if worker is not None:
            _kill(worker)
            worker.log.close()
            shutil.rmtree(worker.folder, ignore_errors=True)

    def _start(self) -> _Running:
        folder, mark = Path(tempfile.mkdtemp(prefix="hear-validate-")), secrets.token_hex(8)
        # -c from an empty folder: nothing in the participant's folder can stand in for a
        # module of the worker's. The root goes last, since it may be site-packages.
        root = str(Path(__file__).resolve().parent.parent)
        code = f"import sys; sys.path.append({root!r}); import validator.worker as w; w.main()"
        settings = {
            "module": self._submission.module,
            "device": self._submission.device,
            "exchange": str(folder),
            "cwd": str(Path.cwd()),
        }
        environment = {k: v for k, v in os.environ.items() if k.lower() not in _PROXIES}
        environment |= {"PYTHONDONTWRITEBYTECODE": "1", _MARK: mark}
        # A known number of threads, so that a submission that changes it is seen to.
        environment.setdefault("OMP_NUM_THREADS", str(_cores()))
        # Idle threads sleep: spinning, they hold up those that work where cores are shared, and
        # runs beside another program took two to five times as long.
        environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
        process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-c", code, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        assert process.stdout is not None
        self.starts += 1
        return _Running(process, line.Incoming(process.stdout.fileno()), folder, log, mark)

    def _wait(
        self, worker: _Running, token: str, step: str, allowed: float
    ) -> tuple[dict[str, Any], int]:
        """The answer to the request with this token, and the peak memory meanwhile."""
        end = time.monotonic() + allowed
        exact = _forget_peak(worker.process.pid)
        peak = children = 0
        for tick in itertools.count():
            # Looked at before the line is, so that a last answer is not lost.
            ended = worker.process.poll() is not None
            lines = worker.incoming.lines(_TICK_S)
            for text in lines:
                answer = line.parse(text)
                if answer is not None and answer.get("token") == token:
                    last = _peak(worker.process.pid) if exact else _memory(worker.process.pid)
                    peak = max(peak, last + children)
                    if peak > self._limits.memory_bytes:
                        raise self._too_large(step)
                    return answer, peak
            if worker.incoming.ended or (ended and not lines):
                raise self._ended(worker, step)
            if tick % _CHILDREN_EVERY == _CHILDREN_EVERY - 1:
                children = _memory_of_children(worker.process.pid)
            peak = max(peak, _memory(worker.process.pid) + children)
            if peak > self._limits.memory_bytes:
                raise self._too_large(step)
            if time.monotonic() > end:
                self.close()
                raise SubmissionFault(
                    "timeout",
                    f"did not answer within {allowed:.0f} s and was stopped (--timeout)",
                    step,
                )
        raise AssertionError

    def _too_large(self, step: str) -> SubmissionFault:
        self.close()
        limit = self._limits.memory_bytes / 1e9
        what = f"used over {limit:.1f} GB of memory and was stopped (--memory-limit)"
        return SubmissionFault("memory", what, step)

    def _ended(self, worker: _Running, step: str) -> SubmissionFault:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(2)
        status = worker.process.poll()
        printed = _printed(worker.log)
        self.close()
        if status is None:
            what = "closed the line to the validator"
        elif status < 0:
            what = f"ended its process by signal {_signal_name(-status)}"
        else:
            what = f"ended its process with exit status {status}"
        return SubmissionFault("crash", what, step, traceback=printed)


def _cores() -> int:
    with contextlib.suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory(pid: int) -> int:
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _forget_peak(pid: int) -> bool:
    """Have the kernel begin anew with the highest memory; Linux alone can, see proc_pid(5)."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        return True
    return False


def _peak(pid: int) -> int:
    """The highest resident memory since then, which looking now and then may miss."""
    with contextlib.suppress(OSError, LookupError, ValueError):
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    return 0


def _memory_of_children(pid: int) -> int:
    with contextlib.suppress(psutil.Error):
        return sum(_memory(child.pid) for child in psutil.Process(pid).children(recursive=True))
    return 0


def _printed(log: BinaryIO) -> str:
    """The end of what the worker printed; read from the open file, not from a name."""
    with contextlib.suppress(OSError):
        size = os.fstat(log.fileno()).st_size
        tail = os.pread(log.fileno(), _LOG_TAIL, max(0, size - _LOG_TAIL))
        return printable(tail.decode("utf-8", "replace"))
    return ""


def _signal_name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return str(number)


def _kill(worker: _Running) -> None:
    """End the worker, its process group, and descendants that left the group."""
    if worker.process.poll() is None:
        # Only while it lives: afterwards its number may be another process's.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.kill()
    worker.process.wait()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == worker.mark:
                process.kill()
    for stream in (worker.process.stdin, worker.process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _reply(answer: dict[str, Any], folder: Path, step: str, peak: int, most: int) -> Reply:
    """The reply, or the fault, that a message holds."""
    try:
        effects = tuple(Effect(one_line(e[0]), one_line(e[1]), step) for e in answer["effects"])
        facts = dict(answer["facts"])
        fault = answer.get("fault")
        if fault is not None:
            raise SubmissionFault(
                str(fault["kind"]),
                one_line(fault["message"]),
                step,
                traceback=printable(str(fault.get("traceback", ""))),
                effects=effects,
                facts=facts,
            )
        values = tuple(_value(v, folder, most) for v in answer["values"])
        return Reply(
            one_line(answer["container"]), values, facts, effects, float(answer["seconds"]), peak
        )
    except (AttributeError, LookupError, TypeError, ValueError, OSError) as error:
        raise SubmissionFault(
            "answer", f"the worker's answer cannot be read ({one_line(error)})", step
        ) from None


def _value(raw: dict[str, Any], folder: Path, most: int) -> Value:
    shape = tuple(int(n) for n in raw["shape"])
    array: NDArray[Any] | None = None
    if raw.get("file"):
        array = line.read_array(folder / Path(raw["file"]).name, most)
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
