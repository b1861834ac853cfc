"""How far a run is: rates, failures, the time that is left."""

import time

import pytest

from hearkit.embed.counts import Counts
from hearkit.embed.progress import Pace, followed


class Clock:
    """Seconds that a test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_what_is_left_follows_from_what_was_made_not_from_what_was_there(clock: Clock) -> None:
    counts = Counts()
    pace = Pace(counts, 1000)
    assert pace.line == "0 of 1000; 0 recordings and 0 s of audio a second"
    clock.now += 10
    counts.current, counts.embedded, counts.failed, counts.audio_s = 500, 18, 2, 90.0
    assert pace.line == (
        "520 of 1000, 2 failed; 1.8 recordings and 9 s of audio a second, 4 min left"
    )


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s"), (99, "99 s"), (100, "2 min"), (7500, "2 h 5 min")]
)
def test_times_are_in_words(clock: Clock, seconds: int, words: str) -> None:
    counts = Counts()
    pace = Pace(counts, 2)
    clock.now += seconds
    counts.embedded = 1
    assert pace.line.endswith(f", {words} left")


@pytest.mark.parametrize(("verbose", "n_lines"), [(True, 2), (False, 0)])
def test_without_a_terminal_a_line_a_minute_tells_it_if_asked_for(
    clock: Clock, capsys: pytest.CaptureFixture[str], verbose: bool, n_lines: int
) -> None:
    counts = Counts()
    pace = Pace(counts, 50)
    with followed("hear-embed", "tiny", pace, 50, debug=False, verbose=verbose) as (done, _):
        for n in range(50):
            clock.now += 2.5
            counts.embedded = n + 1
            done(1)
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert len(lines) == n_lines
    assert all(line.startswith("hear-embed: ") and " of 50; 0.4 " in line for line in lines)
    assert said.out == ""
