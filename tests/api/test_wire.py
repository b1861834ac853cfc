"""The line to a worker: what comes from the other side is not trusted."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from hearkit.api import wire


@pytest.fixture
def pipe() -> tuple[wire.Incoming, int]:
    reading, writing = os.pipe()
    return wire.Incoming(reading), writing


def test_messages_arrive_whole_however_they_are_cut(pipe: tuple[wire.Incoming, int]) -> None:
    incoming, writing = pipe
    os.write(writing, b'\n{"a": 1}\n\n{"b"')
    assert incoming.lines(1.0) == [b'{"a": 1}']
    assert incoming.lines(0.01) == []
    os.write(writing, b": 2}\n")
    assert incoming.lines(1.0) == [b'{"b": 2}']


def test_the_end_of_the_line_is_seen(pipe: tuple[wire.Incoming, int]) -> None:
    incoming, writing = pipe
    os.close(writing)
    assert incoming.lines(1.0) == []
    assert incoming.ended
    assert incoming.lines(1.0) == []


def test_a_line_without_end_is_forgotten(
    pipe: tuple[wire.Incoming, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming, writing = pipe
    monkeypatch.setattr(wire, "LONGEST_MESSAGE", 1000)
    for _ in range(3):
        os.write(writing, b"x" * 600)
        incoming.lines(1.0)
    os.write(writing, b'\n{"a": 1}\n')
    assert incoming.lines(1.0)[-1] == b'{"a": 1}'


@pytest.mark.parametrize("text", [b"", b"no", b"[1]", b"3", b"[" * 100_000, b"\xff", b'{"a":'])
def test_other_lines_are_no_messages(text: bytes) -> None:
    assert wire.parse(text) is None


@dataclass(frozen=True)
class Inner:
    words: str
    place: Path


@dataclass(frozen=True)
class Outer:
    count: int
    share: float
    sure: bool
    inner: Inner
    many: tuple[Inner, ...]
    named: Mapping[str, Inner]
    maybe: int | None = None


INNER = Inner("some words", Path("some  place\udcff"))
OUTER = Outer(3, 0.5, True, INNER, (INNER, INNER), {"a": INNER}, 4)


def test_what_crosses_is_what_was_sent() -> None:
    raw = json.dumps(wire.plain(OUTER), default=os.fspath)
    assert wire.typed(Outer, json.loads(raw)) == OUTER


def test_text_that_crosses_steers_no_terminal_and_paths_stay_as_they_are() -> None:
    inner = wire.typed(Inner, {"words": "a\x1b[2Jb\ud800", "place": "a\x1bb"})
    assert inner.words == "a\ufffd[2Jb\ufffd"
    assert inner.place == Path("a\x1bb")


@pytest.mark.parametrize(
    "change",
    [
        {"count": "3"},
        {"count": True},
        {"count": None},
        {"share": "0.5"},
        {"sure": 1},
        {"inner": []},
        {"inner": {"words": "w"}},
        {"inner": {"words": "w", "place": "p", "more": 1}},
        {"many": {}},
        {"many": [1]},
        {"named": [1]},
        {"maybe": "4"},
        {"unknown": 1},
    ],
)
def test_what_is_something_else_is_refused(change: dict[str, object]) -> None:
    plain = json.loads(json.dumps(wire.plain(OUTER), default=os.fspath))
    with pytest.raises((TypeError, ValueError)):
        wire.typed(Outer, plain | change)
