"""`hear-validate`: argv to exit status; the only part that prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from .catalogue import UnknownIdError
from .options import Options, UsageError, from_pyproject

_DONE = 0
_CANNOT_RUN = 2
_INTERRUPTED = 130


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("module", required=False)
@click.argument("weights", required=False)
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
    help="The organiser's runs everything and allows no exceptions.",
)
@click.option("--json", "json_file", type=click.Path(), metavar="FILE", help="Write the report.")
@click.option("--junit", type=click.Path(), metavar="FILE", help="Write JUnit XML.")
@click.option("--sarif", type=click.Path(), metavar="FILE", help="Write SARIF.")
@click.option("--badge", type=click.Path(), metavar="FILE", help="Write an SVG badge.")
@click.option("--list", "list_", is_flag=True, help="Print all checks and stop.")
@click.option("--explain", metavar="ID", help="Print one check in full and stop.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and the last line only.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="hearbaseline")
def command(
    module: str | None, weights: str | None, list_: bool, explain: str | None, **given: Any
) -> int:
    """Validate a submission to the HEAR audio-embedding API.

    MODULE is the name of an importable module; the current folder is looked in first. WEIGHTS
    is the checkpoint that load_model is given.

    Exit status: 0 the submission conforms, 1 it does not, 2 it could not be run.
    """
    if list_ or explain:
        from .render import catalogue

        text = catalogue.listing() if list_ else catalogue.explanation(explain or "")
        click.echo(text)
        return _DONE
    if not module:
        raise UsageError("name the module to validate, for example: hear-validate my_module")
    return _validate(module, weights, given)


def _validate(module: str, weights: str | None, given: dict[str, Any]) -> int:
    from . import api
    from .render import console

    files = {name: given.pop(name) for name in ("json_file", "junit", "sarif", "badge")}
    device, quiet, debug = given.pop("device"), given.pop("quiet"), given.pop("debug")
    options = _options(given)
    _check_writable(files)
    with console.Progress(enabled=not quiet) as progress:
        report = api.run(module, weights, device, options, progress.seen)
    if report.not_found:
        raise UsageError(report.not_found)
    click.echo(console.render(report, quiet=quiet, debug=debug), nl=False)
    _write(files, report)
    return report.exit_status


def _options(given: dict[str, Any]) -> Options:
    named = {
        "timeout_s": given.pop("timeout"),
        "memory_limit_gb": given.pop("memory_limit"),
        **given,
    }
    settings = {} if given["profile"] == "organiser" else from_pyproject(Path.cwd())
    return Options(**settings | {k: v for k, v in named.items() if v not in (None, ())})


def _check_writable(files: dict[str, str | None]) -> None:
    """Refuse an output that cannot be written before minutes are spent on it."""
    for name in filter(None, files.values()):
        folder = Path(name).resolve().parent
        if not folder.is_dir():
            raise UsageError(f"{name}: there is no folder {folder}; make it first")


def _write(files: dict[str, str | None], report: Any) -> None:
    from .render import RENDERERS

    for kind, name in files.items():
        if name:
            text = RENDERERS[kind.removesuffix("_file")](report)
            try:
                Path(name).write_text(text, "utf-8")
            except OSError as error:
                raise UsageError(f"{name}: cannot be written: {error.strerror}") from None


def main() -> None:
    """Run the command; every error of use is one line on stderr."""
    try:
        status = command(standalone_mode=False)
    except click.ClickException as error:
        _stop(error.format_message(), _CANNOT_RUN)
    except click.exceptions.Abort:
        _stop("interrupted", _INTERRUPTED)
    except KeyboardInterrupt:
        _stop("interrupted", _INTERRUPTED)
    except (UsageError, UnknownIdError) as error:
        _stop(str(error), _CANNOT_RUN)
    except OSError as error:
        if "--debug" in sys.argv:
            raise
        _stop(f"{error.filename or 'hear-validate'}: {error.strerror or error}", _CANNOT_RUN)
    sys.exit(status)


def _stop(message: str, status: int) -> None:
    click.echo(f"hear-validate: {message}", err=True)
    sys.exit(status)
