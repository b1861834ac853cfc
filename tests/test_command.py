"""What all commands share: signals, and output that nobody takes."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hearkit.command import echo, ended_by_signals, tell
from hearkit.embed import cli as embed_cli
from hearkit.errors import EndedError
from validator import cli as validator_cli
from validator import scaffold

from .here import run_here


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_raises_once_and_the_handlers_of_before_come_back(number: signal.Signals) -> None:
    closed = []

    def ended() -> None:
        with ended_by_signals():
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), number)  # a second one does not disturb what closes
                closed.append(True)

    before = signal.getsignal(number)
    with pytest.raises(EndedError) as caught:
        ended()
    assert closed
    assert caught.value.number == number
    assert signal.getsignal(number) is before


def test_what_is_ignored_stays_so_as_under_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_output_that_cannot_be_written_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    echo("nobody")
    with Path(os.devnull).open("w") as null:  # its descriptor may be replaced

        class Full:
            def write(self, _: str) -> int:
                raise OSError(28, "No space left on device")

            def flush(self) -> None:
                raise OSError(28, "No space left on device")

            def fileno(self) -> int:
                return null.fileno()

        monkeypatch.setattr(sys, "stdout", Full())
        echo("no room")
        monkeypatch.setattr(sys, "stderr", Full())
        tell("hear-validate", "no room")


@pytest.mark.parametrize(
    ("main", "arguments"),
    [
        (embed_cli.main, ["hear-embed", __file__, "--out", "out"]),
        (validator_cli.main, ["hear-validate", "hearbaseline"]),
        (validator_cli.main, ["hear-validate"]),
        (scaffold.main, ["hear-init", "my_model"]),
    ],
    ids=["hear-embed", "hear-validate", "hear-validate without a name", "hear-init"],
)
def test_a_current_folder_that_was_removed_is_one_line(
    main: Callable[[], None],
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    done = run_here(main, arguments, tmp_path, monkeypatch, capsys)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"{arguments[0]}: the current folder cannot be used (No such file or directory); change to "
        "one that exists\n"
    )
