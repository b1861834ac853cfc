"""`hear-validate`: argv to exit status; the only part that prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import click

from hearkit.command import (
    CANNOT_RUN,
    CONTEXT,
    common_options,
    echo,
    here,
    named_submission,
    run,
    submission_options,
    tell,
)
from hearkit.errors import UsageError

from .options import Options, from_pyproject, submission_in_pyproject

_NAME = "hear-validate"

_DONE = 0

_STDOUT = "-"


@click.command(context_settings=CONTEXT)
@click.argument("names", nargs=-1, metavar="MODULE [WEIGHTS]")
@submission_options(module=None, device="cpu")
@click.option("--select", multiple=True, metavar="ID", help="Run only these ids or families.")
@click.option("--skip", multiple=True, metavar="ID", help="Leave out these ids or families.")
@click.option("--strict", is_flag=True, default=None, help="Warnings fail the run.")
@click.option("--long", is_flag=True, help="Include the checks that take minutes.")
@click.option("--seed", type=int, help="Seed of the random stimuli (default 0, or drawn).")
@click.option("--timeout", type=float, metavar="S", help="Seconds for each step (default 60).")
@click.option(
    "--total-timeout",
    type=float,
    metavar="S",
    help="Seconds for the whole run (default 60 x --timeout, and 2 hours more with --long).",
)
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
    shown = partial(console.render, quiet=quiet, debug=debug)
    return max(report.exit_status, _tell(report, shown, files, RENDERERS))


def _compare(names: tuple[str, ...], given: dict[str, Any], *, everything: bool) -> int:
    from .compare import compare, entries
    from .render import comparison, console

    wanted = entries(names)
    device, quiet, _ = given.pop("device"), given.pop("quiet"), given.pop("debug")
    files = _files(given, comparison.RENDERERS)
    options = _options(given)
    with console.Progress(enabled=not quiet, runs=len(wanted)) as progress:
        found = compare(wanted, device, options, progress.seen)
    shown = partial(comparison.render, everything=everything, quiet=quiet)
    return max(found.exit_status, _tell(found, shown, files, comparison.RENDERERS))


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


def _tell(
    found: object,
    shown: Callable[[Any], str],
    files: Mapping[str, str],
    renderers: Mapping[str, Callable[[Any], str]],
) -> int:
    """Print what was found, then write the reports, each on its own.

    Minutes of work are in it: what goes wrong with one costs none of the others.

    Returns:
        The exit status: 2 if something could not be told.
    """
    from hearkit.files import write

    def written(kind: str, name: str) -> None:
        # A lone surrogate cannot be encoded; names of files may have one.
        text = renderers[kind](found).encode("utf-8", "backslashreplace")
        if name == _STDOUT:
            echo(text)
        else:
            write(name, text.decode())

    steps: dict[str, Callable[[], None]] = {}
    if _STDOUT not in files.values():
        steps["the report"] = lambda: echo(shown(found))
    for kind, name in files.items():
        steps[f"--{kind} {name}"] = partial(written, kind, name)
    status = _DONE
    for what, step in steps.items():
        try:
            step()
        except UsageError as error:
            tell(_NAME, str(error))
            status = CANNOT_RUN
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            tell(_NAME, f"{what} could not be made ({told}); please report this")
            status = CANNOT_RUN
    return status


def _options(given: dict[str, Any]) -> Options:
    named = {
        "timeout_s": given.pop("timeout"),
        "total_timeout_s": given.pop("total_timeout"),
        "memory_limit_gb": given.pop("memory_limit"),
        **given,
    }
    settings = {} if given["profile"] == "organiser" else from_pyproject(here())
    return Options(**settings | {k: v for k, v in named.items() if v not in (None, ())})


def main() -> None:
    """Run the command; every error of use is one line on stderr."""
    run(command, _NAME)
