"""The worker process, against modules that hang, exit, eat memory, or attack the line."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from hearkit.api import running
from hearkit.api.process import Limits, WorkerProcess
from hearkit.api.requests import Call, Import, Load
from hearkit.api.submission import Reply, Submission
from hearkit.errors import Fault
from validator import Status, validate

Start = Callable[..., WorkerProcess]

PIPES = """
import json
import os
from pathlib import Path

def write(text):
    "To every descriptor that takes it, the line to the validator among them."
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:
                os.write(int(name), text)
            except OSError:
                pass
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts workers on a module with this code."""
    started = []
    monkeypatch.chdir(tmp_path)

    def start(code: str, *, seconds: float = 30.0, memory: float = 4e9) -> WorkerProcess:
        (tmp_path / "submission.py").write_text(code, "utf-8")
        worker = WorkerProcess(Submission("submission"), Limits(seconds, int(memory)))
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.close()


def imported(worker: WorkerProcess) -> Reply[Any]:
    return worker.ask(Import(), step="import")


def loaded(worker: WorkerProcess) -> Reply[Any]:
    imported(worker)
    return worker.ask(Load(), step="load")


def fault_of(worker: WorkerProcess, step: Callable[[WorkerProcess], Reply[Any]]) -> Fault:
    with pytest.raises(Fault) as caught:
        step(worker)
    return caught.value


def gone(pid: int) -> bool:
    """Whether the process ends; where nobody reaps it, it stays as a zombie."""
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_a_step_that_hangs_is_stopped_and_the_next_one_gets_a_new_worker(start: Start) -> None:
    worker = start("def load_model(path=''):\n    while True: pass", seconds=2)
    fault = fault_of(worker, loaded)
    assert fault.kind == "timeout"
    assert "2 s" in fault.message
    assert not worker.alive
    assert "load_model" in imported(worker).facts.functions
    assert worker.starts == 2


def test_a_worker_that_stops_itself_runs_into_the_time_limit(start: Start) -> None:
    worker = start("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", seconds=2)
    assert fault_of(worker, imported).kind == "timeout"
    assert not worker.alive


def test_long_audio_is_granted_more_time(start: Start) -> None:
    worker = start("import time\ntime.sleep(1.5)", seconds=0.5)
    assert worker.ask(Import(), step="import", seconds=30.0).facts.functions


@pytest.mark.parametrize(
    "code",
    [
        "import numpy\nkept = []\nwhile True: kept.append(numpy.ones(1_000_000))",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'kept = []\\n'\n"
        "    'while len(kept) < 4000: kept.append(bytearray(b\"1\" * 1_000_000))'])",
    ],
    ids=["itself", "in a child"],
)
def test_memory_beyond_the_limit_stops_the_step(start: Start, code: str) -> None:
    fault = fault_of(start(code, memory=0.7e9), imported)
    assert fault.kind == "memory"
    assert "0.7 GB" in fault.message


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("import os\nos._exit(0)", "crash", "exit status 0"),
        ("import os\nos._exit(3)", "crash", "exit status 3"),
        ("import os\nos.abort()", "crash", "SIGABRT"),
        ("import ctypes\nctypes.string_at(0)", "crash", "SIGSEGV"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "crash", "SIGKILL"),
        ("import sys\nsys.exit(0)", "exit", "sys.exit(0)"),
        ("import sys\nsys.exit('bye')", "exit", "sys.exit('bye')"),
        ("raise KeyboardInterrupt", "exception", "KeyboardInterrupt"),
        ("raise BaseException('odd')", "exception", "BaseException: odd"),
        ("input('name? ')", "exception", "EOFError"),
        ("def f(): f()\nf()", "exception", "RecursionError"),
        ("import no_such_library", "exception", "no_such_library"),
        (
            "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd",
            "exception",
            "cannot be printed",
        ),
    ],
)
def test_how_an_import_ends_becomes_a_fault(
    start: Start, code: str, kind: str, message: str
) -> None:
    fault = fault_of(start(code), imported)
    assert fault.kind == kind
    assert message in fault.message


def test_a_crash_quotes_what_the_worker_printed_last(start: Start) -> None:
    code = "import os, sys\nprint('A' * 100_000 + 'the end', flush=True)\nos._exit(1)"
    fault = fault_of(start(code), imported)
    assert fault.traceback.rstrip().endswith("the end")
    assert len(fault.traceback) < 10_000


def test_an_exit_between_two_steps_is_found_at_the_next(start: Start) -> None:
    worker = start(
        "import os, threading, time\n"
        "def leave():\n    time.sleep(0.3)\n    os._exit(0)\n"
        "threading.Thread(target=leave).start()\n"
    )
    imported(worker)
    while worker.alive:
        time.sleep(0.05)
    fault = fault_of(worker, imported)
    assert fault.kind == "crash"
    assert "before import" in str(fault)
    imported(worker)


@pytest.mark.parametrize(
    "garbage",
    [
        'b"hello\\n"',
        'b"half a line"',
        'b"\\x00\\xff" * 1000',
        'b"[" * 100_000 + b"\\n"',
        'b\'{"token": "0", "facts": {"functions": "forged"}}\\n\'',
        'b\'{"token": "0", "fault": {"kind": "crash", "message": "forged"}}\\n\'',
    ],
)
def test_what_else_is_written_on_the_line_is_ignored(start: Start, garbage: str) -> None:
    reply = loaded(start(f"{PIPES}\nwrite({garbage})\ndef load_model(): write({garbage})"))
    assert reply.facts.type == "NoneType"


def test_a_flood_of_prints_fills_no_disk(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_LARGEST_LOG", 1_000_000)
    worker = start(
        "import os\n"
        "for _ in range(20_000): print('A' * 10_000)\n"
        "print('the end', flush=True)\n"
        "def load_model(path=''): os._exit(1)\n"
    )
    imported(worker)
    assert worker._worker is not None
    assert os.fstat(worker._worker.log.fileno()).st_size < 1_000_000
    assert fault_of(worker, loaded).traceback.endswith("the end\n")


def test_a_flood_on_the_line_ends_at_the_time_limit(start: Start) -> None:
    before = psutil.Process().memory_info().rss
    fault = fault_of(start(f"{PIPES}\nwhile True: write(b'x' * 65536)", seconds=3), imported)
    assert fault.kind == "timeout"
    assert psutil.Process().memory_info().rss - before < 200e6


def test_a_closed_line_is_a_fault(start: Start) -> None:
    fault = fault_of(
        start("import os\nos.closerange(3, 64)\nimport time\ntime.sleep(60)"), imported
    )
    assert fault.kind == "crash"
    assert "closed the line" in fault.message


def test_a_child_that_holds_the_line_open_neither_hides_the_exit_nor_survives(
    start: Start, tmp_path: Path
) -> None:
    code = (
        "import os, time\n"
        "child = os.fork()\n"
        "if child == 0:\n    os.setsid()\n    time.sleep(300)\n"
        "open('child', 'w').write(str(child))\n"
        "os._exit(3)\n"
    )
    fault = fault_of(start(code, seconds=60), imported)
    assert "exit status 3" in fault.message
    assert gone(int((tmp_path / "child").read_text()))


def test_what_the_worker_started_ends_with_it(start: Start, tmp_path: Path) -> None:
    worker = start(
        "import subprocess, sys\n"
        "child = subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
        "open('child', 'w').write(str(child.pid))\n"
    )
    imported(worker)
    worker.close()
    assert gone(int((tmp_path / "child").read_text()))


def test_messages_cannot_steer_the_terminal_or_begin_a_line(start: Start) -> None:
    worker = start("raise ValueError('\\x1b[2Jgone\\nO01    ok\\u202e\\ud800' + 'x' * 1000)")
    fault = fault_of(worker, imported)
    for text in (str(fault), fault.traceback):
        text.encode("utf-8")
        assert not set(text) & set("\x1b\u202e\ud800")
    assert "\n" not in str(fault)
    assert len(str(fault)) < 500


def test_names_in_the_participants_folder_do_not_stand_in_for_the_workers_modules(
    start: Start, tmp_path: Path
) -> None:
    for name in ("numpy", "json", "validator", "psutil"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')", "utf-8")
    assert imported(start("")).facts.functions


def test_proxies_are_not_passed_on(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    worker = start("import os\nassert 'HTTPS_PROXY' not in os.environ")
    imported(worker)


def test_the_exchange_folders_go_when_the_worker_does(start: Start, tmp_path: Path) -> None:
    code = "import sys\nopen('command', 'w').write(open('/proc/self/cmdline').read())"
    worker = start(code)
    imported(worker)
    settings = (tmp_path / "command").read_text().split("\0")[5]
    folders = [Path(folder) for folder in json.loads(settings)["exchange"]]
    assert all(folder.is_dir() for folder in folders)
    worker.close()
    assert not any(folder.exists() for folder in folders)


def test_an_exchange_folder_that_is_taken_away_is_a_fault(start: Start) -> None:
    worker = start(
        "import json, shutil\n"
        "settings = json.loads(open('/proc/self/cmdline').read().split('\\0')[5])\n"
        "for folder in settings['exchange']: shutil.rmtree(folder)\n"
    )
    imported(worker)
    with pytest.raises(Fault):
        worker.ask(Call("f"), step="call", audio=np.zeros((1, 8), np.float32))


def test_after_a_fault_the_remaining_checks_still_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dies_at_load.py").write_text(
        "import os\n"
        "os.environ['HOME'] = '/'\n"
        "def load_model(model_file_path=''): os._exit(0)\n"
        "def get_timestamp_embeddings(audio, model): pass\n"
        "def get_scene_embeddings(audio, model): pass\n",
        "utf-8",
    )
    report = validate("dies_at_load")
    found = {r.check.id: r.status for r in report.results if r.is_finding}
    assert found == {"I05": Status.FAILED, "S08": Status.FAILED}
    assert not report.conforms
    assert report.counts()[Status.BROKEN] == 0


def test_the_worker_leaves_no_open_files_behind(start: Start) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        worker = start("")
        imported(worker)
        worker.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
