"""What all commands share: signals, and output that nobody takes."""

import os
import signal
import sys
from pathlib import Path

import pytest

from hearkit.command import echo, ended_by_signals, tell
from hearkit.errors import EndedError, UsageError
from validator import cli, scaffold


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


def test_a_current_folder_that_was_removed_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    for command, *arguments in (
        (cli.command,),
        (cli.command, "my_model"),
        (scaffold.command, "my_model"),
    ):
        with pytest.raises(UsageError, match="the current folder cannot be used") as caught:
            command.main(arguments, standalone_mode=False)
        assert "\n" not in str(caught.value)
