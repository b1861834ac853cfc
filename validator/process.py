"""A worker process that runs the submission: started, limited, watched and replaced from here."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import psutil
from numpy.typing import NDArray

from .submission import Effect, Reply, Submission, SubmissionFault, Value
from .text import one_line

_TICK_S = 0.01
"""Seconds between two looks at the worker's memory."""

_LONGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes; a longer answer is not an answer of our worker."""

_LOG_TAIL = 4000
"""Bytes of the worker's own output that a fault quotes from."""


@dataclass(frozen=True)
class Limits:
    """What a step may take: seconds, and bytes of resident memory for the whole worker."""

    seconds: float
    memory_bytes: int


class WorkerProcess:
    """A `Connection` to `validator.worker` in a process of its own.

    The process is started by the first request, and again by the first one after it ended.
    What crosses the line is JSON and `.npy` files read without pickle: nothing that the
    submission does can run code on this side, and what it prints goes to a log of its own.
    """

    def __init__(self, submission: Submission, limits: Limits) -> None:
        self._submission = submission
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._replies: queue.Queue[bytes | None] = queue.Queue()
        self._numbers = itertools.count()
        self.starts = 0

    @property
    def alive(self) -> bool:
        """See `submission.Connection.alive`."""
        return self._process is not None and self._process.poll() is None

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
        process, folder = self._running()
        number = next(self._numbers)
        token = secrets.token_hex(8)
        message: dict[str, Any] = {"op": op, "token": token, "number": number, **parameters}
        if audio is not None:
            message["audio"] = f"{number}-audio.npy"
            np.save(folder / message["audio"], audio)
        assert process.stdin is not None
        try:
            _send(process.stdin, message)
        except OSError:
            raise self._ended(process, step) from None
        answer, peak = self._wait(process, token, step, seconds)
        if audio is not None:
            (folder / message["audio"]).unlink(missing_ok=True)
        return _reply(answer, folder, step, peak)

    def close(self) -> None:
        """End the worker, whatever it does, with all that it started."""
        process, self._process = self._process, None
        if process is not None:
            _kill(process)
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _running(self) -> tuple[subprocess.Popen[bytes], Path]:
        if self._process is None or self._folder is None or self._process.poll() is not None:
            self.close()
            self._folder = Path(tempfile.mkdtemp(prefix="hear-validate-"))
            self._process = self._start(self._folder)
            self._replies = queue.Queue()
            assert self._process.stdout is not None
            threading.Thread(
                target=_receive, args=(self._process.stdout, self._replies), daemon=True
            ).start()
            self.starts += 1
        return self._process, self._folder

    def _start(self, folder: Path) -> subprocess.Popen[bytes]:
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
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        # A known number of threads, so that a submission that changes it is seen to.
        environment.setdefault("OMP_NUM_THREADS", str(_cores()))
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-c", code, json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )

    def _wait(
        self, process: subprocess.Popen[bytes], token: str, step: str, extra: float
    ) -> tuple[dict[str, Any], int]:
        """The answer to the request with this token, and the peak memory meanwhile."""
        allowed = self._limits.seconds + extra
        end = time.monotonic() + allowed
        peak = 0
        with contextlib.suppress(psutil.Error):
            watched = psutil.Process(process.pid)
        while True:
            with contextlib.suppress(psutil.Error):
                peak = max(peak, watched.memory_info().rss)
            if peak > self._limits.memory_bytes:
                self.close()
                raise SubmissionFault(
                    "memory",
                    f"used over {self._limits.memory_bytes / 1e9:.1f} GB of memory and was "
                    "stopped (--memory-limit)",
                    step,
                )
            if time.monotonic() > end:
                self.close()
                raise SubmissionFault(
                    "timeout",
                    f"did not answer within {allowed:.0f} s and was stopped (--timeout)",
                    step,
                )
            try:
                raw = self._replies.get(timeout=_TICK_S)
            except queue.Empty:
                continue
            if raw is None:
                raise self._ended(process, step)
            answer = _parse(raw)
            if answer is not None and answer.get("token") == token:
                return answer, peak

    def _ended(self, process: subprocess.Popen[bytes], step: str) -> SubmissionFault:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        status = process.poll()
        printed = self._printed()
        self.close()
        if status is None:
            what = "closed the line to the validator"
        elif status < 0:
            what = f"ended its process by signal {_signal_name(-status)}"
        else:
            what = f"ended its process with exit status {status}"
        return SubmissionFault("crash", what, step, traceback=printed)

    def _printed(self) -> str:
        if self._folder is None:
            return ""
        with contextlib.suppress(OSError):
            return (self._folder / "log").read_bytes()[-_LOG_TAIL:].decode("utf-8", "replace")
        return ""


def _cores() -> int:
    with contextlib.suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _signal_name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return str(number)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _send(stream: BinaryIO | Any, message: dict[str, Any]) -> None:
    raw = json.dumps(message).encode()
    stream.write(len(raw).to_bytes(4, "big") + raw)
    stream.flush()


def _receive(stream: Any, replies: queue.Queue[bytes | None]) -> None:
    """Put every message on the queue, then None at the end of the stream."""
    with contextlib.suppress(OSError, ValueError):
        while len(head := stream.read(4)) == 4:
            size = int.from_bytes(head, "big")
            if size > _LONGEST_MESSAGE:
                break
            replies.put(stream.read(size))
    replies.put(None)


def _parse(raw: bytes) -> dict[str, Any] | None:
    with contextlib.suppress(ValueError):
        answer = json.loads(raw)
        if isinstance(answer, dict):
            return answer
    return None


def _reply(answer: dict[str, Any], folder: Path, step: str, peak: int) -> Reply:
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
                traceback=str(fault.get("traceback", "")),
                effects=effects,
                facts=facts,
            )
        values = tuple(_value(v, folder) for v in answer["values"])
        return Reply(
            one_line(answer["container"]), values, facts, effects, float(answer["seconds"]), peak
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise SubmissionFault(
            "answer", f"the worker's answer cannot be read ({one_line(error)})", step
        ) from None


def _value(raw: dict[str, Any], folder: Path) -> Value:
    array: NDArray[Any] | None = None
    if raw.get("file"):
        path = folder / Path(raw["file"]).name
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        path.unlink()
    return Value(
        one_line(raw["type"]),
        one_line(raw["framework"]),
        one_line(raw["dtype"]),
        tuple(int(n) for n in raw["shape"]),
        one_line(raw["device"]),
        bool(raw["requires_grad"]),
        array,
    )
