"""`hear-validate`: argv to exit status; the only part that prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from hearkit.command import (
    CONTEXT,
    common_options,
    echo,
    here,
    named_submission,
    run,
    submission_options,
)
from hearkit.errors import UsageError

from .options import Options, from_pyproject, submission_in_pyproject

_DONE = 0

_STDOUT = "-"


@click.command(context_settings=CONTEXT)
@click.argument("names", nargs=-1, metavar="MODULE [WEIGHTS]")
@submission_options(module=None, device="cpu")
@click.option("--select", multiple=True, metavar="ID", help="Run only these ids or families.")
@click.option("--skip", multiple=True, metavar="ID", help="Leave out these ids or families.")
@click.option("--strict", is_flag=True, default=None, help="Warnings fail the run.")
@click.option("--long", is_flag=True, help="Include the checks that take minutes.")
@click.option("--seed", type=int, help="Seed of the random stimuli (default 0).")
@click.option("--timeout", type=float, metavar="S", help="Seconds for each step (default 60).")
@click.option("--memory-limit", type=float, metavar="GB", help="Memory of the submission.")
@click.option(
    "--profile",
    type=click.Choice(["participant", "organiser"]),
    default="participant",
    show_default=True,
    help="The organiser's runs everything, allows no exceptions and reads no settings.",
)
@click.option("--json", metavar="FILE", help="Write the report; - for standard output.")
@click.option("--junit", metavar="FILE", help="Write JUnit XML.")
@click.option("--sarif", metavar="FILE", help="Write SARIF.")
@click.option("--badge", metavar="FILE", help="Write an SVG badge.")
@click.option("--html", metavar="FILE", help="Write a page with pictures.")
@click.option("--compare", is_flag=True, help="Validate several modules and compare them.")
@click.option(
    "--all", "all_", is_flag=True, help="With --compare: also the checks in which they agree."
)
@click.option("--list", "list_", is_flag=True, help="Print all checks and stop.")
@click.option("--explain", metavar="ID", help="Print one check, or family, in full and stop.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and the last line only.")
@common_options
def command(
    names: tuple[str, ...],
    list_: bool,
    explain: str | None,
    compare: bool,
    all_: bool,
    module: str | None,
    weights: str | None,
    **given: Any,
) -> int:
    """Validate a submission to the HEAR audio-embedding API.

    MODULE is the name of an importable module; the current folder is searched first. WEIGHTS
    is the path of the checkpoint, a file or a folder, for load_model. Without MODULE, both are
    read from pyproject.toml. With --compare, every argument is a module, or module=weights.

    Settings and expected failures are read from [tool.hear-validate] in pyproject.toml.

    Exit status: 0 the submission conforms, 1 it does not conform, 2 it could not be run.
    """
    if list_ or explain is not None:
        from .render import catalogue

        echo(catalogue.listing() if explain is None else catalogue.explanation(explain))
        return _DONE
    if compare:
        if module or weights:
            raise UsageError("--compare takes modules as arguments, not --module and --weights")
        return _compare(names, given, everything=all_)
    if all_:
        raise UsageError("--all tells --compare what to print; add --compare")
    module, weights = named_submission(names, module, weights)
    if module is None and given["profile"] != "organiser":
        module, found = submission_in_pyproject(here())
        weights = weights or found
    if module is None:
        raise UsageError("name the module to validate, for example: hear-validate my_module")
    return _validate(module, weights, given=given)


def _validate(module: str, weights: str | None, *, given: dict[str, Any]) -> int:
    from . import api
    from .render import RENDERERS

    device, quiet, debug = given.pop("device"), given.pop("quiet"), given.pop("debug")
    files = _files(given, RENDERERS)
    options = _options(given)
    with api.opened(module, weights, device, options) as session:
        # Rich is imported while the submission's process starts.
        from .render import console

        with console.Progress(enabled=not quiet) as progress:
            report = api.examined(
                session, weights or "", options, progress.seen, pictures="html" in files
            )
    if report.not_found:
        raise UsageError(report.not_found)
    _write(files, RENDERERS, report)
    if _STDOUT not in files.values():
        echo(console.render(report, quiet=quiet, debug=debug))
    return report.exit_status


def _compare(names: tuple[str, ...], given: dict[str, Any], *, everything: bool) -> int:
    from .compare import compare, entries
    from .render import comparison, console

    wanted = entries(names)
    device, quiet, _ = given.pop("device"), given.pop("quiet"), given.pop("debug")
    files = _files(given, comparison.RENDERERS)
    options = _options(given)
    with console.Progress(enabled=not quiet, runs=len(wanted)) as progress:
        found = compare(wanted, device, options, progress.seen)
    _write(files, comparison.RENDERERS, found)
    if _STDOUT not in files.values():
        echo(comparison.render(found, everything=everything, quiet=quiet))
    return found.exit_status


def _files(given: dict[str, Any], renderers: Mapping[str, Any]) -> dict[str, str]:
    """The files to write, by renderer, all of which can be written."""
    from hearkit.files import check_writable

    from .render import KINDS

    files = {kind: name for kind in KINDS if (name := given.pop(kind))}
    if unknown := sorted(files.keys() - renderers.keys()):
        known = ", ".join(f"--{kind}" for kind in renderers)
        raise UsageError(f"--compare writes {known}, not --{unknown[0]}")
    check_writable(files.values())
    if "html" in files:
        from .render.html import check_drawable

        check_drawable()
    return files


def _write(
    files: Mapping[str, str], renderers: Mapping[str, Callable[[Any], str]], found: object
) -> None:
    from hearkit.files import write

    for kind, name in files.items():
        text = renderers[kind](found)
        if name == _STDOUT:
            echo(text.encode())
        else:
            write(name, text)


def _options(given: dict[str, Any]) -> Options:
    named = {
        "timeout_s": given.pop("timeout"),
        "memory_limit_gb": given.pop("memory_limit"),
        **given,
    }
    settings = {} if given["profile"] == "organiser" else from_pyproject(here())
    return Options(**settings | {k: v for k, v in named.items() if v not in (None, ())})


def main() -> None:
    """Run the command; every error of use is one line on stderr."""
    run(command, "hear-validate")
