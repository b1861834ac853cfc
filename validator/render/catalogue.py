"""The checks in words: `--list`, `--explain ID`, and the page `docs/checks.md`.

`python -m validator.render.catalogue > docs/checks.md` writes the page.
"""

from __future__ import annotations

import textwrap
from itertools import groupby

from ..catalogue import Check, Severity
from ..checks import CATALOGUE
from ..selection import matching

_SEVERITIES = {
    Severity.ERROR: "error: the submission does not conform",
    Severity.WARNING: "warning: reported; fails the run with --strict",
}

_NOT_BEHAVIOURAL = "anything but embeddings; a run of such checks alone is not green"

_WIDTH = 80
_INDENT = 12


def listing() -> str:
    """A line for each check, by family."""
    lines = []
    for family, checks in groupby(CATALOGUE, lambda c: c.family):
        lines.append(family.heading)
        for check in checks:
            note = "  (--long)" if check.long else ""
            lines.append(f"  {check.id}  {check.severity.value:<8} {check.title}{note}")
    return "\n".join(lines) + "\n"


def explanation(pattern: str) -> str:
    """The checks that an id or prefix names, in full.

    Raises:
        UnknownIdError: If it names none.
    """
    wanted = matching(CATALOGUE, (pattern,))
    return "\n".join(_explained(c) for c in CATALOGUE if c in wanted)


def _explained(check: Check) -> str:
    fields = {
        "family": check.family.heading,
        "severity": _SEVERITIES[check.severity],
        "why": check.reason,
        "fix": check.fix,
        "contract": check.section,
        "needs": ", ".join(f"{r.id} ({r.title})" for r in check.requires) or "nothing",
        "looks at": "embeddings" if check.behavioural else _NOT_BEHAVIOURAL,
        "runs": "only with --long or in the organiser's profile" if check.long else "always",
    }
    lines = [f"{check.id}  {check.title}"]
    for name, text in fields.items():
        first, *rest = textwrap.wrap(text, _WIDTH - _INDENT, break_on_hyphens=False)
        lines.append(f"  {name:<{_INDENT - 3}} {first}")
        lines += [" " * _INDENT + line for line in rest]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The documentation page of all checks, in Markdown."""
    parts = [
        "# The checks",
        "`python -m validator.render.catalogue > docs/checks.md` makes this page from the text "
        "that `hear-validate --explain` prints. An error means that the submission does not "
        "conform. A warning is reported, and fails the run only with `--strict`. A check is "
        "skipped, with the reason, if a check that it needs has found a defect.",
    ]
    for family, checks in groupby(CATALOGUE, lambda c: c.family):
        parts.append(f"## {family.heading}")
        parts += [_section(check) for check in checks]
    return "\n\n".join(parts) + "\n"


def _section(check: Check) -> str:
    needs = ", ".join(f"[{r.id}](#{r.id.lower()})" for r in check.requires) or "nothing"
    long = " It runs only with `--long` or in the organiser's profile." if check.long else ""
    return "\n\n".join(
        (
            f'### <a id="{check.id.lower()}"></a>{check.id}: {check.title}',
            f"{check.severity.value.capitalize()}. Contract: {check.section}. Needs {needs}.{long}",
            check.reason,
            f"**How to fix it:** {check.fix}",
        )
    )


if __name__ == "__main__":
    print(page(), end="")
