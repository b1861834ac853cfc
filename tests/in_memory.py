"""One check on one submission, given as text, in this process: an answer in seconds.

    seen = tried("T01", '''
    import base
    from base import *

    def get_timestamp_embeddings(audio, model):
        embeddings, times = base.get_timestamp_embeddings(audio, model)
        return embeddings, times / 1000
    ''')
    assert "seconds" in seen.verdict.hint
    assert seen.shown.text  # what its reproduction prints

`base` is the valid submission of `submissions/base.py`. Nothing protects the tests: a submission
that exits or hangs, or changes global state, needs a worker.
"""

from __future__ import annotations

import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    contextmanager,
    nullcontext,
    redirect_stdout,
    suppress,
)
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any, TypeVar

from hearkit.api.local import LocalConnection
from hearkit.api.requests import Import, Request
from hearkit.api.submission import Reply, Submission
from hearkit.effect import Effect
from hearkit.errors import Fault
from validator import Options, Result, Verdict
from validator.asking.session import Session
from validator.checks import CATALOGUE
from validator.runner import Runner

Facts = TypeVar("Facts")

SUBMISSIONS = Path(__file__).parent / "submissions"

NAME = "submission_in_memory"
"""What the submission is called."""

OWN = ("base", "drawn", "bad", "good")
"""Modules of `submissions/`, which a submission may import."""


class Source(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds the submission in its text.

    Args:
        text: Python.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def find_spec(
        self, name: str, _path: Any = None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The submission; other modules are found elsewhere."""
        return importlib.util.spec_from_loader(name, self) if name == NAME else None

    def get_source(self, _: str) -> str:
        """The text."""
        return self._text


def forget() -> None:
    """Let the next import run the submission again, as a new process would."""
    for name in [name for name in sys.modules if name.partition(".")[0] in (NAME, *OWN)]:
        del sys.modules[name]


class Anew(LocalConnection):
    """A connection that imports as a new process would."""

    def ask(self, request: Request[Facts], **options: Any) -> Reply[Facts]:
        """See `LocalConnection.ask`."""
        if isinstance(request, Import):
            forget()
        return super().ask(request, **options)


@dataclass(frozen=True)
class Shown:
    """What a program did.

    Attributes:
        text: What it printed.
        error: What it raised, in a line as Python shows it, or "".
    """

    text: str
    error: str


@dataclass(frozen=True)
class Tried:
    """What a check found.

    Attributes:
        name: What the submission is called.
        result: The check's result.
        shown: What the program that reproduces the finding did; nothing where there is none.
    """

    name: str
    result: Result
    shown: Shown

    @property
    def verdict(self) -> Verdict:
        """What it found; every check that is tried here comes to a verdict."""
        assert self.result.verdict is not None, self.result.why
        return self.result.verdict


def text_of(name: str) -> str:
    """The text of a file of `submissions`, such as `bad/T01_seconds`."""
    return (SUBMISSIONS / f"{name}.py").read_text("utf-8")


@functools.cache
def freeze() -> None:
    """Let no collection visit a framework's half a million objects again, as in a worker."""
    importlib.import_module("torch")
    gc.collect()
    gc.freeze()


@contextmanager
def opened(code: str, weights: Path | None = None) -> Iterator[Session]:
    """A session with a submission of this text, whose workers are connections in this process."""
    freeze()
    source = Source(dedent(code))
    sys.meta_path.insert(0, source)
    sys.path.insert(0, str(SUBMISSIONS))
    session = Session(Submission(NAME, weights), Anew)
    try:
        yield session
    finally:
        session.close()
        forget()
        sys.path.remove(str(SUBMISSIONS))
        sys.meta_path.remove(source)


def tried(
    id_: str,
    code: str,
    weights: Path | None = None,
    *,
    effects: Sequence[Effect] = (),
    around: AbstractContextManager[Any] | None = None,
    runs: bool = True,
    name: str = "",
) -> Tried:
    """Run one check, without those that it requires, and the program that reproduces its finding.

    Args:
        id_: The check's id.
        code: The submission.
        weights: What its `load_model` is given.
        effects: What steps are said to have done besides answering.
        around: A context in which the program runs.
        runs: Whether to run the program at all.
        name: What the submission is called, to find it again.
    """
    (check,) = (replace(one, requires=()) for one in CATALOGUE if one.id == id_)
    with opened(code, weights) as session:
        session.effects.extend(effects)
        with suppress(Fault):
            session.imported()
        result = Runner((check,), session, Options(long=True)).result(check)
        shown = Shown("", "")
        if result.snippet and runs:
            with around or nullcontext():
                shown = run(result.snippet)
        return Tried(name, result, shown)


def run(program: str) -> Shown:
    """Run a program as a new process would."""
    forget()
    out = io.StringIO()
    with redirect_stdout(out):
        try:
            exec(compile(program, "reproduction", "exec"), {"__name__": "reproduction"})
        except BaseException as error:
            return Shown(out.getvalue(), traceback.format_exception_only(error)[-1].strip())
    return Shown(out.getvalue(), "")
