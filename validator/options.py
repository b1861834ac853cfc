"""Options of a run, from the command line and from `pyproject.toml`."""

from __future__ import annotations

import math
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from hearkit.errors import UsageError

_TABLE = "hear-validate"

_STEPS = 60
_LONG_S = 7200.0
"""A run makes about 200 steps, of which those of 30 s are the slowest: a model for which they take
the whole time limit takes a tenth of it for the others. With --long three calls get 20 minutes."""

_SEEDS = 2**32
"""Seeds to draw from: all that NumPy's global generator takes."""


@dataclass(frozen=True)
class Options:
    """How to run the checks.

    Attributes:
        select: Ids or prefixes of checks to run, with the checks that they need; empty for all.
        skip: Ids or prefixes of checks to leave out.
        strict: Whether warnings fail.
        long: Whether to include the checks that take minutes.
        seed: Seed of the random stimuli; None for 0, and in the organiser's profile for one that
            is drawn, so that nobody knows the stimuli before.
        timeout_s: Most seconds for one step, on top of twice the audio's length.
        total_timeout_s: Most seconds for the whole run; None for sixty times `timeout_s`, and two
            hours more with the checks that take minutes. No run of a submission that works comes
            near to it.
        memory_limit_gb: Most resident memory of the submission in GB; None for 16 GB or three
            quarters of the free memory, whichever is less.
        profile: `participant` or `organiser`.
        expected: Expected failures, from id to reason.

    Examples:
        >>> from validator import Options
        >>> Options(select=("T",), expected={"T09": "a hop of 100 ms"}).timeout_s
        60.0
    """

    select: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    strict: bool = False
    long: bool = False
    seed: int | None = None
    timeout_s: float = 60.0
    total_timeout_s: float | None = None
    memory_limit_gb: float | None = None
    profile: str = "participant"
    expected: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, and draw a seed where one has to be drawn.

        Raises:
            UsageError: If a limit is not positive, the seed is negative, or the organiser's
                profile is shrunk.
        """
        if not 0 < self.timeout_s < math.inf:
            raise UsageError("--timeout must be a number of seconds, more than 0")
        if self.memory_limit_gb is not None and not 0 < self.memory_limit_gb < math.inf:
            raise UsageError("--memory-limit must be a number of GB, more than 0")
        if self.total_timeout_s is not None and not 0 < self.total_timeout_s < math.inf:
            raise UsageError("--total-timeout must be a number of seconds, more than 0")
        if self.seed is not None and self.seed < 0:
            raise UsageError("--seed must be 0 or more")
        if self.profile not in ("participant", "organiser"):
            raise UsageError(f"there is no profile {self.profile!r}: participant or organiser")
        if self.profile == "organiser":
            shrunk = [
                name
                for name, given in (
                    ("--select", self.select),
                    ("--skip", self.skip),
                    ("expected failures", self.expected),
                )
                if given
            ]
            if shrunk:
                raise UsageError(
                    f"the organiser's profile runs every check: leave out {', '.join(shrunk)}"
                )
        if self.seed is None:
            drawn = secrets.randbelow(_SEEDS) if self.is_organisers else 0
            object.__setattr__(self, "seed", drawn)

    @property
    def is_organisers(self) -> bool:
        """Whether the profile is the organiser's."""
        return self.profile == "organiser"

    @property
    def drawn(self) -> int:
        """The seed, given or drawn."""
        return self.seed or 0

    @property
    def total_s(self) -> float:
        """Seconds for the whole run."""
        if self.total_timeout_s is not None:
            return self.total_timeout_s
        return _STEPS * self.timeout_s + (_LONG_S if self.runs_long else 0.0)

    @property
    def runs_long(self) -> bool:
        """Whether checks that take minutes are included; an organiser's run always has them."""
        return self.long or self.profile == "organiser"


def from_pyproject(folder: Path) -> dict[str, Any]:
    """The options in the `[tool.hear-validate]` table of the nearest `pyproject.toml`, checked.

    Args:
        folder: Where to look, then in its parents.

    Returns:
        Keyword arguments for `Options`; empty where there is no table.

    Raises:
        UsageError: If the table holds something else than settings.
    """
    file = _nearest(folder)
    return _named(_table(file), file) if file else {}


def submission_in_pyproject(folder: Path) -> tuple[str | None, str | None]:
    """The submission that the same table names: `module`, and `weights` if it has any.

    Args:
        folder: As for `from_pyproject`.

    Returns:
        The module's name and the path of its weights, each None where the table is silent.

    Raises:
        UsageError: As for `from_pyproject`.
    """
    file = _nearest(folder)
    table = _table(file) if file else {}
    if file and "weights" in table:
        # From wherever below the command is run.
        return table.get("module"), os.path.relpath(file.parent / table["weights"], folder)
    return table.get("module"), None


def _nearest(folder: Path) -> Path | None:
    files = (place / "pyproject.toml" for place in (folder, *folder.parents))
    return next((file for file in files if file.is_file()), None)


SETTINGS: dict[str, tuple[tuple[type, ...], str]] = {
    "module": ((str,), "the name of a module"),
    "weights": ((str,), "the path of the weights"),
    "select": ((list,), "a list of ids or families"),
    "skip": ((list,), "a list of ids or families"),
    "strict": ((bool,), "true or false"),
    "seed": ((int,), "a whole number"),
    "timeout": ((int, float), "a number of seconds"),
    "total-timeout": ((int, float), "a number of seconds"),
    "memory-limit": ((int, float), "a number of GB"),
    "expected-failures": ((dict,), "a table from id to reason"),
}
"""The settings, with the types that TOML gives them and what these are called."""


def _table(file: Path) -> dict[str, Any]:
    try:
        tools = tomllib.loads(file.read_text("utf-8")).get("tool", {})
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from None
    table = tools.get(_TABLE, {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f"{file}: [tool.{_TABLE}] must be a table, not {table!r}")
    for key, value in table.items():
        if key not in SETTINGS:
            known = ", ".join(sorted(SETTINGS))
            raise UsageError(f"{file}: [tool.{_TABLE}] has no setting {key!r}; it knows {known}")
        types, words = SETTINGS[key]
        # To Python, true is a whole number.
        fits = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        if not fits or (list in types and not all(isinstance(id_, str) for id_ in value)):
            raise UsageError(f"{file}: [tool.{_TABLE}] {key} must be {words}, not {value!r}")
    return table


def _named(settings: Mapping[str, Any], file: Path) -> dict[str, Any]:
    names = {
        "timeout": "timeout_s",
        "total-timeout": "total_timeout_s",
        "memory-limit": "memory_limit_gb",
        "expected-failures": "expected",
    }
    options = {
        names.get(key, key): value
        for key, value in settings.items()
        if key not in ("module", "weights")
    }
    for key in ("select", "skip"):
        if key in options:
            options[key] = tuple(options[key])
    for id_, reason in options.get("expected", {}).items():
        if not isinstance(reason, str) or not reason.strip():
            raise UsageError(
                f"{file}: [tool.{_TABLE}.expected-failures] {id_} needs a reason in words"
            )
    return options
