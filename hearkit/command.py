"""What all commands share: how a submission is named, how errors are told, exit statuses.

Exit status 0 means done, 1 that a submission or some of the input is at fault, 2 that the command
could not be run, 130 that it was interrupted.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO, TypeVar

import click

from .errors import EndedError, HearError, UsageError
from .remote.url import Place, Url
from .terminal import terminal_kept
from .text import one_line, printable
from .version import DISTRIBUTION

CANNOT_RUN = 2
INTERRUPTED = 130

CONTEXT = {"help_option_names": ["-h", "--help"]}
"""Settings of every command."""

_LONGEST_LINE = 2000
"""Characters; paths and a module's message fit."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


def submission_options(*, module: str | None, device: str) -> Callable[[_Command], _Command]:
    """`--module`, `--weights` and `--device`, the same in every command.

    Args:
        module: The default module, or None where one must be named.
        device: The default device.
    """

    def add(command: _Command) -> _Command:
        for option in (
            click.option(
                "--device", default=device, show_default=True, help="auto, cpu, cuda or cuda:N."
            ),
            click.option(
                "--weights",
                "--model",
                "weights",
                metavar="PATH",
                help="The checkpoint for load_model, a file or a folder.",
            ),
            click.option(
                "--module",
                metavar="MODULE",
                default=module,
                show_default=module is not None,
                help="The HEAR module, by its name.",
            ),
        ):
            command = option(command)
        return command

    return add


def isolation_options(command: _Command) -> _Command:
    """`--timeout`, `--memory-limit` and `--in-process`, of commands that embed."""
    for option in (
        click.option(
            "--in-process",
            is_flag=True,
            help="Run the module without a process of its own; its crash ends the run.",
        ),
        click.option(
            "--memory-limit",
            metavar="GB",
            type=click.FloatRange(0, min_open=True),
            help="Memory of the module's process (default three quarters of what is free).",
        ),
        click.option(
            "--timeout",
            default=300.0,
            show_default=True,
            metavar="S",
            type=click.FloatRange(0, min_open=True),
            help="Seconds for each call, on top of ten times the audio's length; loading has 300 "
            "more.",
        ),
    ):
        command = option(command)
    return command


def ray_option(command: _Command) -> _Command:
    """`--ray [ADDRESS]`, of commands whose work can be spread."""
    return click.option(
        "--ray",
        "address",
        metavar="[ADDRESS]",
        is_flag=False,
        flag_value="local",
        help="Spread the work with Ray: over this machine, or over the cluster at ADDRESS, which "
        "is auto or HOST:PORT.",
    )(command)


def make_output(folder: Place) -> None:
    """Make the folder of `--out` and prove that it can be written, before anything is computed.

    Raises:
        UsageError: If it cannot be written.
    """
    if isinstance(folder, Url):
        from .remote.atomic import check_writable

        check_writable(folder)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror}); choose another --out"
        ) from error


def common_options(command: _Command) -> _Command:
    """`--debug` and `--version`, the same in every command."""
    command = click.option("--debug", is_flag=True, help="Show tracebacks.")(command)
    return click.version_option(None, "-V", "--version", package_name=DISTRIBUTION)(command)


def named_submission(
    names: tuple[str, ...], module: str | None, weights: str | None
) -> tuple[str | None, str | None]:
    """The submission that `MODULE [WEIGHTS]`, or the options, name.

    Args:
        names: The arguments.
        module: What `--module` says.
        weights: What `--weights` says.

    Raises:
        UsageError: If one is named twice, or too much is.
    """
    if len(names) > 2:
        raise UsageError(f"{names[2]}: after the module and its weights nothing follows")
    for name, option, flag in zip(
        names, (module, weights), ("--module", "--weights"), strict=False
    ):
        if option is not None:
            raise UsageError(f"{name}: {flag} {option} is given as well; name it once")
    first, second = (*names, None, None)[:2]
    return first or module, second or weights


_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """A context in which SIGTERM and SIGHUP raise `EndedError`, as Ctrl-C raises its own error.

    So what is open is closed before the process ends. The first of them counts: while it is
    being obeyed, further ones change nothing. Outside the main thread, this does nothing.
    """
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in _ENDING} if is_main else {}
    # What is ignored stays so: nohup does that.
    caught = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def end(number: int, _: object) -> None:
        for one in caught:
            signal.signal(one, signal.SIG_IGN)
        raise EndedError(number)

    for number in caught:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in caught:
            signal.signal(number, before[number] or signal.SIG_DFL)


def run(command: click.Command, name: str, *, after_interrupt: str = "") -> NoReturn:
    """Run a command and exit; everything that goes wrong is one line on stderr.

    Args:
        command: Returns the exit status; has the option `--debug`, which shows tracebacks.
        name: What the line begins with.
        after_interrupt: What to do after an interrupt, in words.
    """
    advice = f"; {after_interrupt}" if after_interrupt else ""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with ended_by_signals(), terminal_kept():
            status = command(standalone_mode=False)
    except click.ClickException as error:
        _stop(name, error.format_message(), CANNOT_RUN)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _stop(name, f"interrupted{advice}", INTERRUPTED)
    except EndedError as error:
        _stop(name, f"ended by {error}{advice}", 128 + error.number)
    except HearError as error:
        _stop(name, str(error), error.exit_status, error)
    except Exception as error:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        _stop(
            name,
            f"stopped by an unexpected {what}; --debug shows where, please report it",
            CANNOT_RUN,
            error,
        )
    sys.exit(status)


def tell(name: str, message: str) -> None:
    """A line on stderr; names of files and a module's words steer no terminal."""
    # Where the terminal was closed, nobody reads it.
    with contextlib.suppress(OSError):
        click.echo(line(name, message), err=True)


def line(name: str, message: str) -> str:
    """The line that a command tells something by."""
    return one_line(f"{name}: {message}", _LONGEST_LINE)


def echo(text: str | bytes, stdout: TextIO | None = None) -> None:
    """Print to standard output.

    Args:
        text: What to print.
        stdout: Standard output, where something has taken its place meanwhile.

    That nobody reads on, as in `| head`, that it is closed, or that it is full, changes nothing:
    what a command prints is not its result.
    """
    if stdout is None and sys.stdout is None:  # closed before Python began
        return
    try:
        # Click writes UTF-8 where the system's standard output is ASCII, but not to a given one.
        if isinstance(text, str) and stdout and codecs.lookup(stdout.encoding).name == "ascii":
            text = text.encode()
        click.echo(text, stdout, nl=False)
        (stdout or sys.stdout).flush()
    except OSError:
        # What is still buffered would raise once more when Python ends.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), (stdout or sys.stdout).fileno())


def here() -> Path:
    """The current folder.

    Raises:
        UsageError: If it was removed.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise UsageError(
            f"the current folder cannot be used ({error.strerror}); change to one that exists"
        ) from None


def _stop(name: str, message: str, status: int, error: Exception | None = None) -> NoReturn:
    if error is not None and "--debug" in sys.argv:
        with contextlib.suppress(OSError):
            # A module's words steer no terminal here either.
            click.echo(printable("".join(traceback.format_exception(error))), err=True, nl=False)
    tell(name, message)
    sys.exit(status)
