"""What a run is asked to do, from the command line and from `pyproject.toml`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TABLE = "hear-validate"


class UsageError(ValueError):
    """Something about how the run was asked for; exit status 2."""


@dataclass(frozen=True)
class Options:
    """How to run the checks.

    Attributes:
        select: Ids or prefixes to run (with what they require); empty for all.
        skip: Ids or prefixes to leave out.
        strict: Whether warnings fail.
        long: Whether to include the checks that take minutes.
        seed: Seed of the stimuli.
        timeout_s: Seconds that one step may take, on top of twice the audio's length.
        memory_limit_gb: GB of resident memory for the submission; None for 16 GB or three
            quarters of what is free, whichever is less.
        profile: `participant` or `organiser`.
        expected: Expected failures, from id to reason.
    """

    select: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    strict: bool = False
    long: bool = False
    seed: int = 0
    timeout_s: float = 60.0
    memory_limit_gb: float | None = None
    profile: str = "participant"
    expected: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UsageError: If a limit is not positive or the organiser's profile is shrunk.
        """
        if self.timeout_s <= 0:
            raise UsageError("--timeout must be more than 0 seconds")
        if self.memory_limit_gb is not None and self.memory_limit_gb <= 0:
            raise UsageError("--memory-limit must be more than 0 GB")
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

    @property
    def runs_long(self) -> bool:
        """Whether checks that take minutes are included; an organiser's run always has them."""
        return self.long or self.profile == "organiser"


def from_pyproject(folder: Path) -> dict[str, Any]:
    """The `[tool.hear-validate]` table of the nearest `pyproject.toml`, checked.

    Args:
        folder: Where to look, then in its parents.

    Returns:
        Keyword arguments for `Options`; empty where there is no table.

    Raises:
        UsageError: If the table holds something else than settings.
    """
    for place in (folder, *folder.parents):
        file = place / "pyproject.toml"
        if file.is_file():
            return _table(file)
    return {}


def _table(file: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text("utf-8")).get("tool", {}).get(_TABLE, {})
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from None
    kinds: dict[str, tuple[type, ...]] = {
        "select": (list,),
        "skip": (list,),
        "strict": (bool,),
        "seed": (int,),
        "timeout": (int, float),
        "memory-limit": (int, float),
        "expected-failures": (dict,),
    }
    settings: dict[str, Any] = {}
    for key, value in table.items():
        if key not in kinds:
            known = ", ".join(sorted(kinds))
            raise UsageError(f"{file}: [tool.{_TABLE}] has no setting {key!r}; it knows {known}")
        if not isinstance(value, kinds[key]) or (
            isinstance(value, bool) and bool not in kinds[key]
        ):
            raise UsageError(
                f"{file}: [tool.{_TABLE}] {key} must be a {kinds[key][-1].__name__}, not {value!r}"
            )
        settings[key] = value
    return _named(settings, file)


def _named(settings: dict[str, Any], file: Path) -> dict[str, Any]:
    names = {
        "timeout": "timeout_s",
        "memory-limit": "memory_limit_gb",
        "expected-failures": "expected",
    }
    options = {names.get(key, key): value for key, value in settings.items()}
    for key in ("select", "skip"):
        if key in options:
            options[key] = tuple(map(str, options[key]))
    for id_, reason in options.get("expected", {}).items():
        if not isinstance(reason, str) or not reason.strip():
            raise UsageError(
                f"{file}: [tool.{_TABLE}.expected-failures] {id_} needs a reason in words"
            )
    return options
