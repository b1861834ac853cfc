"""`hear-validate`: argv to exit status; the only part that prints."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from .catalogue import UnknownIdError
from .options import Options, UsageError, from_pyproject, submission_in_pyproject
from .text import one_line

_DONE = 0
_CANNOT_RUN = 2
_INTERRUPTED = 130

_STDOUT = "-"
_LONGEST_MESSAGE = 1000


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="MODULE [WEIGHTS]")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:N or auto.")
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
@click.option("--compare", is_flag=True, help="Validate several modules, put them side by side.")
@click.option("--all", "all_", is_flag=True, help="With --compare: also what they agree in.")
@click.option("--list", "list_", is_flag=True, help="Print all checks and stop.")
@click.option("--explain", metavar="ID", help="Print one check, or family, in full and stop.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and the last line only.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(None, "-V", "--version", package_name="hearbaseline")
def command(
    names: tuple[str, ...],
    list_: bool,
    explain: str | None,
    compare: bool,
    all_: bool,
    **given: Any,
) -> int:
    """Validate a submission to the HEAR audio-embedding API.

    MODULE is the name of an importable module; the current folder is looked in first. WEIGHTS
    is the checkpoint, a file or a folder, that load_model is given. Without MODULE, both are
    read from pyproject.toml. With --compare, every argument is a module, or module=weights.

    Settings and expected failures are read from [tool.hear-validate] in pyproject.toml.

    Exit status: 0 the submission conforms, 1 it does not, 2 it could not be run.
    """
    if list_ or explain is not None:
        from .render import catalogue

        _print(catalogue.listing() if explain is None else catalogue.explanation(explain))
        return _DONE
    if not names and not compare and given["profile"] != "organiser":
        module, weights = submission_in_pyproject(Path.cwd())
        names = tuple(filter(None, (module, module and weights)))
    if not names:
        raise UsageError("name the module to validate, for example: hear-validate my_module")
    if compare:
        return _compare(names, given, everything=all_)
    if all_:
        raise UsageError("--all tells --compare what to print; add --compare")
    if len(names) > 2:
        raise UsageError(
            f"{names[2]}: after the module and its weights nothing follows; "
            "--compare takes several modules"
        )
    return _validate(*names, given=given)


def _validate(module: str, weights: str | None = None, *, given: dict[str, Any]) -> int:
    from . import api
    from .render import RENDERERS, console

    device, quiet, debug = given.pop("device"), given.pop("quiet"), given.pop("debug")
    files = _files(given, RENDERERS)
    options = _options(given)
    with console.Progress(enabled=not quiet) as progress:
        report = api.run(module, weights, device, options, progress.seen, pictures="html" in files)
    if report.not_found:
        raise UsageError(report.not_found)
    _write(files, RENDERERS, report)
    if _STDOUT not in files.values():
        _print(console.render(report, quiet=quiet, debug=debug))
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
        _print(comparison.render(found, everything=everything, quiet=quiet))
    return found.exit_status


def _files(given: dict[str, Any], renderers: Mapping[str, Any]) -> dict[str, str]:
    """The files to write, by renderer, all of which can be written."""
    from .files import check_writable
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
    from .files import write

    for kind, name in files.items():
        text = renderers[kind](found)
        if name == _STDOUT:
            _print(text.encode())
        else:
            write(name, text)


def _options(given: dict[str, Any]) -> Options:
    named = {
        "timeout_s": given.pop("timeout"),
        "memory_limit_gb": given.pop("memory_limit"),
        **given,
    }
    settings = {} if given["profile"] == "organiser" else from_pyproject(Path.cwd())
    return Options(**settings | {k: v for k, v in named.items() if v not in (None, ())})


def _print(text: str | bytes) -> None:
    """Print to standard output; that nobody reads on, as in `| head`, changes nothing."""
    try:
        click.echo(text, nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered would raise once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Run the command; every error of use is one line on stderr."""
    run(command, "hear-validate")


def run(command: click.Command, name: str) -> NoReturn:
    """Run a command and exit; every error of use is one line on stderr.

    Args:
        command: Returns the exit status; prints tracebacks if it has an option `--debug`.
        name: What the line begins with.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = command(standalone_mode=False)
    except click.ClickException as error:
        _stop(name, error.format_message(), _CANNOT_RUN)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _stop(name, "interrupted", _INTERRUPTED)
    except (UsageError, UnknownIdError) as error:
        _stop(name, str(error), _CANNOT_RUN)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        what = f"{type(error).__name__}: {error}"
        _stop(name, f"stopped by {what}; --debug shows where", _CANNOT_RUN)
    sys.exit(status)


def _stop(name: str, message: str, status: int) -> NoReturn:
    click.echo(f"{name}: {one_line(message, _LONGEST_MESSAGE)}", err=True)
    sys.exit(status)
