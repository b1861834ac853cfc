"""Validates many submissions in one process: no import of PyTorch for each, and no protection.

For submissions that only compute. What exits, crashes, hangs or changes global state needs the
real worker. Run as a script by `test_submissions`: each line of standard input is a submission's
name with its options; each line of standard output the report of one.
"""

import itertools
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearkit.api.process import _reply
from hearkit.api.submission import Reply
from hearkit.api.worker.serve import Worker
from validator import Options, Report, Submission
from validator.asking.session import Session
from validator.checks import CATALOGUE
from validator.runner import Runner

OWN = ("base", "drawn", "bad", "good")
"""Modules of `submissions/`, which every connection imports anew as a new process would."""


class InProcess:
    """A `Connection` that calls `Worker` directly.

    Args:
        worker: The only one, since Python keeps its audit hook for good.
        folder: Where arrays are exchanged.
        module: The submission.
    """

    def __init__(self, worker: Worker, folder: Path, module: str) -> None:
        self.starts = 1
        self.alive = True
        self._worker = worker
        self._folder = folder
        self._module = module
        self._numbers = itertools.count()

    def request(
        self,
        op: str,
        *,
        step: str,
        audio: NDArray[np.float32] | None = None,
        seconds: float = 0.0,  # noqa: ARG002
        **parameters: Any,
    ) -> Reply:
        if op == "import":
            for name in [n for n in sys.modules if n.partition(".")[0] in OWN]:
                del sys.modules[name]
            self._worker._name = self._module
        number = next(self._numbers)
        message: dict[str, Any] = {"op": op, "token": "", "number": number, **parameters}
        if audio is not None:
            message["audio"] = f"{number}-audio.npy"
            np.save(self._folder / message["audio"], audio)
        answer = self._worker.handle(message)
        if audio is not None:
            (self._folder / message["audio"]).unlink()
        return _reply(answer, self._folder, step, 0, 2**40)

    def close(self) -> None:
        self.alive = False


def validated(worker: Worker, folder: Path, module: str, options: dict[str, Any]) -> Report:
    session = Session(Submission(module), lambda _: InProcess(worker, folder, module))
    results = Runner(CATALOGUE, session, Options(**options)).run()
    return Report(module, "", "cpu", "participant", 0, {}, results)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what submissions print is not an answer
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(Path.cwd()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        worker = Worker("", "cpu", folder)
        for line in sys.stdin:
            report = validated(worker, folder, *json.loads(line))
            print(json.dumps(report.to_dict()), file=answers, flush=True)


if __name__ == "__main__":
    main()
