"""Every submission of `submissions/` through the real worker: the mutation table.

A file of `bad` is named after the one check that must find it: `bad/T01_seconds.py`. A file of
`good` must pass. Constants at the top of a file, read without importing it, may state

- `OPTIONS`: fields of `validator.Options`, such as a short time limit;
- `WEIGHTS = True`: that it is loaded with a checkpoint of the base submission;
- `WARNINGS`: ids of warnings that a good submission rightly gets;
- `ALSO`: ids of other findings that a bad one cannot help causing.
"""

import ast
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from validator import Report, Severity, Status, validate

from .mutation_table import CAUGHT, FALSE_ALARM, MISSED, PROPERTY, SOUND

FOLDER = Path(__file__).parent / "submissions"
BAD = sorted(path.stem for path in (FOLDER / "bad").glob("*.py"))
GOOD = sorted(path.stem for path in (FOLDER / "good").glob("*.py"))

NEED_WEIGHTS = {"I08", "I09", "S12"}
"""Checks about what `load_model` does with a file."""

SLOW = ("D", "S13")
"""A simulated GPU and the growth of memory take seconds; mutants of other checks do without."""
