"""`pytest --hear-module my_module`: one test for each check, in a participant's own test run.

Every pytest run loads this module where the package is installed, so it imports nothing heavy
before a submission is to be validated.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hearkit.api.submission import not_found
from hearkit.errors import UsageError
from hearkit.text import printable

from .catalogue import Check, Kind
from .options import Options, from_pyproject, submission_in_pyproject
from .report import Result, Status
from .selection import in_order_of_need, with_requirements

if TYPE_CHECKING:
    from .runner import Runner

_NAME = "hear-validate"
_MARK = "hear"
_FAILING = {Status.FAILED, Status.UNEXPECTED_PASS, Status.BROKEN}


class HearWarning(UserWarning):
    """What a check warns of."""


class FindingError(Exception):
    """What a check found; its text is all that a failed test shows."""


@dataclass(frozen=True)
class Settings:
    """What to validate, found where pytest starts; plain values, since xdist sends them on."""

    module: str
    weights: str | None
    device: str
    options: dict[str, Any]


_SETTINGS = pytest.StashKey[Settings]()
_RUNNER = pytest.StashKey["Runner"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; what is not given is read from pyproject.toml."""
    group = parser.getgroup(_NAME, "validate an audio-embedding submission")
    group.addoption("--hear-module", metavar="MODULE", help="The submission to validate.")
    group.addoption("--hear-weights", metavar="FILE", help="The checkpoint of the submission.")
    group.addoption("--hear-device", metavar="DEVICE", default="cpu", help="cpu, cuda or auto.")
    group.addoption("--hear-strict", action="store_true", help="Warnings of the checks fail.")


def pytest_configure(config: pytest.Config) -> None:
    """Find out what to validate, and refuse what cannot be."""
    config.addinivalue_line("markers", f"{_MARK}: a check of {_NAME}")
    sent = getattr(config, "workerinput", {}).get(_NAME)
    try:
        settings = Settings(**sent) if sent else _settings(config)
        if settings is not None:
            config.stash[_SETTINGS] = settings
            config.stash[_RUNNER] = _runner(config, settings)
    except UsageError as error:
        raise pytest.UsageError(f"{_NAME}: {error}") from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process of xdist what to validate: it does not see how pytest was called."""
    settings = node.config.stash.get(_SETTINGS, None)
    if settings is not None:
        node.workerinput[_NAME] = vars(settings)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say what is validated."""
    settings = config.stash.get(_SETTINGS, None)
    if settings is None:
        return None
    named = " ".join(filter(None, (settings.module, settings.weights)))
    return printable(f"{_NAME}: {named} on {settings.device}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add a test for each check before -k and -m choose among them."""
    if _SETTINGS in session.config.stash:
        items.extend(Checks.from_parent(session, name=_NAME, nodeid=_NAME).collect())


def _settings(config: pytest.Config) -> Settings | None:
    """What the command line names, or else pyproject.toml where no tests were asked for by name."""
    module, weights = config.getoption("--hear-module"), config.getoption("--hear-weights")
    folder = config.rootpath
    if module is None:
        if weights:
            raise UsageError("--hear-weights needs --hear-module")
        if config.args_source is config.ArgsSource.ARGS:
            return None
        module, beside = submission_in_pyproject(folder)
        weights = beside and str(folder / beside)
    if module is None:
        return None
    options = from_pyproject(folder)
    if config.getoption("--hear-strict"):
        options["strict"] = True
    return Settings(module, weights, config.getoption("--hear-device"), options)


def _runner(config: pytest.Config, settings: Settings) -> Runner:
    from .api import opened
    from .checks import CATALOGUE
    from .runner import Runner

    top = settings.module.partition(".")[0]
    # The worker looks in the current folder first, where pytest may not have looked.
    if PathFinder.find_spec(top, [str(Path.cwd()), *sys.path]) is None:
        raise UsageError(not_found(settings.module))
    options = Options(**settings.options)
    stack = ExitStack()
    config.add_cleanup(stack.close)
    session = stack.enter_context(
        opened(settings.module, settings.weights, settings.device, options)
    )
    return Runner(CATALOGUE, session, options)


class Checks(pytest.Collector):
    """The catalogue as tests."""

    def collect(self) -> Iterator[pytest.Item]:
        """A test for each check, and one for the run as a whole."""
        from .checks import CATALOGUE

        # Those that judge the whole run come last, as in a run of the command.
        for check in in_order_of_need(CATALOGUE):
            yield CheckItem.from_parent(self, name=check.id, check=check)
        yield RunItem.from_parent(self, name="embeddings were looked at")


class _Item(pytest.Item):
    """A test with the shared runner."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.add_marker(_MARK)

    @property
    def runner(self) -> Runner:
        """Each check runs once for all tests of a process."""
        return self.config.stash[_RUNNER]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *rest: Any) -> Any:
        """The finding without a traceback, which would only show this file."""
        if isinstance(excinfo.value, (FindingError, HearWarning)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *rest)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it stands in the summary: no file, but the name of the command."""
        return self.config.rootpath / _NAME, None, self.name


class CheckItem(_Item):
    """One check."""

    def __init__(self, *, check: Check, **given: Any) -> None:
        super().__init__(**given)
        self.check = check

    def runtest(self) -> None:
        """Run the check and what it requires."""
        result = self.runner.result(self.check)
        self.user_properties += [(f.name, f.in_words) for f in _figures(result)]
        if result.status is Status.SKIPPED:
            self._blame_what_is_not_tested()
            pytest.skip(printable(result.why))
        if result.status is Status.INCONCLUSIVE and result.verdict:
            pytest.skip(printable(f"inconclusive: {result.verdict.seen}"))
        if result.status is Status.EXPECTED:
            pytest.xfail(printable(result.why))
        if result.status is Status.WARNED:
            warnings.warn(HearWarning(_told(result)), stacklevel=1)
        if result.status in _FAILING:
            raise FindingError(_told(result))

    def _blame_what_is_not_tested(self) -> None:
        """Fail for a required check that failed and is no test of this run itself, as with -k."""
        tested = {item.check for item in self.session.items if isinstance(item, CheckItem)}
        for required in sorted(with_requirements([self.check]) - tested, key=lambda c: c.id):
            result = self.runner.result(required)
            if result.status in _FAILING:
                raise FindingError(_told(result))

    def reportinfo(self) -> tuple[Path, None, str]:
        """With the title, for the heading of a failure."""
        path, line, name = super().reportinfo()
        return path, line, f"{name} {self.check.title}"


class RunItem(_Item):
    """A run in which every check was left out is not green."""

    def runtest(self) -> None:
        """Look for one check of embeddings that came to a verdict."""
        tested = [item.check for item in self.session.items if isinstance(item, CheckItem)]
        results = (self.runner.result(check) for check in tested if check.behavioural)
        if not any(r.verdict and r.verdict.kind is not Kind.INCONCLUSIVE for r in results):
            raise FindingError(
                "No check that looks at embeddings ran, so nothing is known of them."
            )


def _figures(result: Result) -> tuple[Any, ...]:
    return result.verdict.figures if result.verdict else ()


def _told(result: Result) -> str:
    """The finding as the command prints it; a submission's words steer no terminal."""
    return printable(_in_words(result))


def _in_words(result: Result) -> str:
    lines = [f"{result.check.id} {result.check.title}"]
    if result.status is Status.UNEXPECTED_PASS:
        return f"{lines[0]}: was expected to fail ({result.why}), but passes"
    if result.verdict is None:
        return f"{lines[0]}: {result.why}"
    verdict = result.verdict
    fields = {"seen": verdict.seen, "expected": verdict.expected, "fix": result.fix}
    lines += [f"  {name:<9} {text}" for name, text in fields.items() if text]
    lines += [f"  {figure}" for figure in verdict.figures]
    return "\n".join([*lines, "", result.snippet]).rstrip()
