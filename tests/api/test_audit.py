"""What the watch sees, and whom it blames. Each case runs in a process of its own, since Python
keeps audit hooks for good.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, sys, threading
from pathlib import Path
from hearkit.api.worker.audit import Watch

sys.path.insert(0, "")
watch = Watch()
watch.belongs(Path("submission.py").resolve())
watch.start(importing=True)
try:
    import submission
finally:
    imported = watch.stop()
watch.given("given.txt")
watch.start(importing=False)
getattr(submission, "call", lambda: None)()
called = watch.stop()
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
watch.start(importing=False)
later = watch.stop()
print(json.dumps({"import": imported, "call": called, "later": later,
                  "opened": sorted(watch.opened)}))
"""

Effects = dict[str, list[list[str]]]


def effects(folder: Path, code: str, **others: str) -> Effects:
    """Import a submission with this code, then run its `call`; the effects by step."""
    for name, text in {"submission": code, **others}.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: Effects = json.loads(done.stdout.splitlines()[-1])
    return found


def kinds(found: Effects, step: str) -> set[str]:
    return {kind for kind, _ in found[step]}


def in_call(body: str) -> str:
    return "def call():\n" + "".join(f"    {line}\n" for line in body.splitlines())


ACTIONS = {
    "import socket\ntry: socket.create_connection(('192.0.2.1', 80))\n"
    "except OSError: pass": "network",
    "import socket\ntry: socket.getaddrinfo('example.org', 80)\nexcept OSError: pass": "network",
    "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    "try: s.sendto(b'x', ('192.0.2.1', 9))\nexcept OSError: pass\ns.close()": "network",
    "import urllib.request\ntry: urllib.request.urlopen('http://example.org')\n"
    "except OSError: pass": "network",
    "import subprocess\nsubprocess.run(['true'])": "process",
    "import os\nos.system('true')": "process",
    "import os\nchild = os.fork()\nif child == 0: os._exit(0)\nos.waitpid(child, 0)": "process",
    "import os\nos.environ['CUDA_VISIBLE_DEVICES'] = '1'": "environment",
    "import os\ndel os.environ['PATH']": "environment",
    "import os\nos.environ['OMP_NUM_THREADS'] = '31'": "threads",
    "open('beside.txt', 'w').close()": "write",
    "import os\nos.close(os.open('beside.txt', os.O_WRONLY | os.O_CREAT))": "write",
    "import numpy\nnumpy.save('beside.npy', numpy.zeros(3))": "write",
    "import os\nos.mkdir('folder')": "write",
    "import os\nos.rename('submission.py', 'renamed.py')": "write",
    "import os, tempfile\nfd, name = tempfile.mkstemp()\nos.close(fd)\n"
    "os.replace(name, 'moved.txt')": "write",
    "import os\nfd = os.open('.', os.O_RDONLY)\nos.mkdir('made', dir_fd=fd)\nos.close(fd)": "write",
    "import pickle, collections\npickle.loads(pickle.dumps(collections.Counter()))": "unpickle",
}


@pytest.mark.parametrize(("body", "kind"), ACTIONS.items())
def test_what_a_call_does_besides_answering_is_seen(body: str, kind: str, tmp_path: Path) -> None:
    found = effects(tmp_path, in_call(body))
    assert kinds(found, "import") == set()
    assert kinds(found, "call") == {kind}


@pytest.mark.parametrize(("body", "kind"), ACTIONS.items())
def test_what_the_submission_does_while_it_is_imported_is_seen(
    body: str, kind: str, tmp_path: Path
) -> None:
    assert kinds(effects(tmp_path, body), "import") == {kind}


@pytest.mark.parametrize(
    "body",
    [
        "import tempfile\nwith tempfile.NamedTemporaryFile() as file: file.write(b'x')",
        "import tempfile\nwith tempfile.TemporaryDirectory() as folder:\n"
        "    open(folder + '/file', 'w').close()",
        "import os\nos.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'",
        "import os\nos.environ['KMP_DUPLICATE_LIB_OK'] = 'True'",
        "import os\nos.environ['HOME'] = os.environ['HOME']",
        "import os\nos.environ['NEW'] = '1'\ndel os.environ['NEW']",
        "import socket\na, b = socket.socketpair()\na.close()\nb.close()",
        "import socket\ns = socket.socket()\ntry: s.connect(('127.0.0.1', 9))\n"
        "except OSError: pass\ns.close()",
        "open('submission.py').read()",
        "import json, logging, random, threading\nrandom.random()",
        "import pickle\npickle.loads(pickle.dumps({'a': [1.0, 'b']}))",
        "import platform, uuid\nplatform.platform(), uuid.uuid4()",
        "print('hello')",
    ],
)
def test_what_is_harmless_is_not_noted(body: str, tmp_path: Path) -> None:
    assert effects(tmp_path, in_call(body))["call"] == []


def test_a_connection_is_refused_and_not_made(tmp_path: Path) -> None:
    code = in_call(
        "import socket\ntry: socket.create_connection(('192.0.2.1', 80), timeout=20)\n"
        "except OSError as error: assert 'hear-validate' in str(error)\n"
        "else: raise AssertionError"
    )
    assert effects(tmp_path, code)["call"] == [["network", "192.0.2.1"]]


def test_what_a_thread_does_after_the_call_counts_to_the_next_step(tmp_path: Path) -> None:
    code = (
        "import threading, time\n"
        "def late():\n    time.sleep(0.3)\n    open('late.txt', 'w').close()\n"
        "def call(): threading.Thread(target=late).start()\n"
    )
    found = effects(tmp_path, code)
    assert kinds(found, "call") == set()
    assert kinds(found, "later") == {"write"}


def test_a_librarys_own_import_is_not_laid_at_the_submissions_door(tmp_path: Path) -> None:
    library = tmp_path / "site-packages"
    library.mkdir()
    (library / "tool.py").write_text(
        "import os, subprocess\n"
        "subprocess.run(['true'])\n"
        "os.environ['TOOL'] = '1'\n"
        "def run(): subprocess.run(['true'])\n"
    )
    begin = f"import sys\nsys.path.append({str(library)!r})\n"
    assert effects(tmp_path, f"{begin}import tool")["import"] == []
    assert effects(tmp_path, begin + in_call("import tool"))["call"] == []
    assert kinds(effects(tmp_path, f"{begin}import tool\ntool.run()"), "import") == {"process"}


def test_modules_beside_the_submission_are_its_own(tmp_path: Path) -> None:
    found = effects(tmp_path, "import helper", helper="import os\nos.system('true')")
    assert kinds(found, "import") == {"process"}


def test_weights_that_were_fetched_earlier_count_as_fetched(tmp_path: Path) -> None:
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "model.pt").write_text("weights")
    body = f"open({str(folder / 'model.pt')!r}).read()"
    assert kinds(effects(tmp_path, in_call(body)), "call") == {"network"}


def test_weights_that_were_given_may_lie_anywhere(tmp_path: Path) -> None:
    folder = tmp_path / "torch" / "hub"
    folder.mkdir(parents=True)
    (folder / "model.pt").write_text("weights")
    (tmp_path / "given.txt").symlink_to(folder / "model.pt")
    assert effects(tmp_path, in_call("open('given.txt').read()"))["call"] == []


def test_each_effect_is_told_once(tmp_path: Path) -> None:
    code = in_call("for _ in range(3): open('beside.txt', 'w').close()")
    assert effects(tmp_path, code)["call"] == [["write", str(tmp_path / "beside.txt")]]
