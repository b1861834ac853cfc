"""Validates many submissions in one process: no import of PyTorch for each, and no protection.

For submissions that only compute. What exits, crashes, hangs or changes global state needs the
real worker. Run as a script by `computing`: each line of standard input is a submission's name with
its weights and options; each line of standard output the report of one.
"""

import gc
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any, TypeVar

from hearkit.api.local import LocalConnection
from hearkit.api.requests import Import, Request
from hearkit.api.submission import Reply
from hearkit.api.worker.audit import Watch
from validator import Options, Report, Submission
from validator.asking.session import Session
from validator.checks import CATALOGUE
from validator.runner import Runner

Facts = TypeVar("Facts")

OWN = {path.stem for path in Path.cwd().glob("*") if not path.name.startswith(".")}
"""Modules of the folder, which every connection imports anew as a new process would."""


class AsNew(LocalConnection):
    """A connection in this process that imports the submission as a new process would.

    Args:
        watch: The only one, since Python keeps its audit hook for good.
        submission: What to load.
    """

    def ask(self, request: Request[Facts], **options: Any) -> Reply[Facts]:
        if isinstance(request, Import):
            for name in [n for n in sys.modules if n.partition(".")[0] in OWN]:
                del sys.modules[name]
        return super().ask(request, **options)


def validated(watch: Watch, module: str, weights: str | None, options: dict[str, Any]) -> Report:
    named = Submission(module, Path(weights) if weights else None)
    session = Session(named, lambda submission: AsNew(submission, watch))
    results = Runner(CATALOGUE, session, Options(**options)).run()
    return Report(module, "", "cpu", "participant", 0, {}, results)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what submissions print is not an answer
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(Path.cwd()))
    watch = Watch()
    for n, line in enumerate(sys.stdin):
        report = validated(watch, *json.loads(line))
        if n == 0:
            # A framework's half a million objects stay, as in a worker: no collection visits them.
            gc.collect()
            gc.freeze()
        print(json.dumps(report.to_dict()), file=answers, flush=True)


if __name__ == "__main__":
    main()
