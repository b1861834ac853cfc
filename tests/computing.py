"""A process that validates many submissions, one after the other: see `in_process`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

Plain = dict[str, Any]


class Computing:
    """The process, started in the current folder by the first question."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def report(self, submission: str, weights: Path | None, options: Plain) -> Plain:
        """The report on a submission, as `Report.to_dict` has it."""
        process = self._process = self._process or subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("in_process.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        question = [submission, str(weights) if weights else None, options]
        print(json.dumps(question), file=process.stdin, flush=True)
        answer = process.stdout.readline()
        assert answer, f"the process ended at {submission}"
        report: Plain = json.loads(answer)
        return report

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.communicate()
