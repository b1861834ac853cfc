"""The worker process: reads requests, has them carried out, writes answers.

Started by `process.WorkerProcess`, or forked by `spares`, below a guard; see there for what a
submission in the same process can and cannot do to it.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import machine
from .. import requests, wire
from ..exchange import Exchange
from ..submission import Value
from . import describe
from .audit import Watch
from .operations import Answer, Operations

_REQUESTS: dict[str, type[requests.Request[Any]]] = {
    kind.__name__: kind for kind in requests.Request.__subclasses__()
}


_MOST_EFFECTS = 1_000
_LONGEST_TEXT = 20_000
"""Characters of a text in an answer: a traceback fits, and every path."""


@dataclass(frozen=True)
class Settings:
    """What a worker is started with.

    Attributes:
        module: The submission's name.
        device: Where models go.
        exchange: Folders for arrays, see `exchange`.
        folder: The working directory.
        command: What `sys.argv` holds.
        watched: Whether effects are looked for.
        parent: The process that it ends with.
    """

    module: str
    device: str
    exchange: tuple[Path, ...]
    folder: Path
    command: str
    watched: bool
    parent: int


def serve(settings: Settings) -> None:
    """Serve requests on standard input until it ends."""
    machine.die_with(settings.parent)
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    # What the submission prints goes to the log; what it reads finds nothing.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.chdir(settings.folder)
    sys.path[:] = [str(settings.folder), *(p for p in sys.path if p)]
    sys.argv[:] = [settings.command]
    exchange = Exchange(settings.exchange)
    watch = Watch() if settings.watched else None
    operations = Operations(settings.module, settings.device, watch, alone=True)
    for line in incoming:
        message = wire.parse(line)
        if message is not None:
            wire.send(outgoing, _short(_answered(operations, exchange, message)))
    # Threads that the submission left behind must not keep the process alive.
    os._exit(0)


def _answered(
    operations: Operations, exchange: Exchange, message: dict[str, Any]
) -> dict[str, Any]:
    """The answer to a message, as a message."""
    token, name = message["token"], message["audio"]
    request = wire.typed(_REQUESTS[message["request"]], message["parameters"])
    answer = operations.carry_out(
        request,
        # Not held here: an hour of audio is to be free again before its answer is written.
        exchange.view(name) if name else None,
        message["largest"],
        given_away=bool(name) and exchange.stays(name),
    )
    try:
        values = [_value(value, exchange, f"answer-{n}") for n, value in enumerate(answer.values)]
    except OSError as error:
        # A full disk, or a folder that the submission took away.
        answer, values = dataclasses.replace(answer, error=error), []
    return _message(answer, values) | {"token": token}


def _short(message: dict[str, Any]) -> dict[str, Any]:
    """The message with nothing in it that is longer than anybody reads, so that it arrives.

    Names of types, hosts and files are the submission's, and may have any length.
    """
    short: dict[str, Any] = _cut(message | {"effects": message["effects"][:_MOST_EFFECTS]})
    if wire.size_of(short) > wire.LONGEST_MESSAGE:
        told = describe.fault(describe.TooLargeError("returned more facts than can be told"))
        short |= {"facts": None, "fault": told, "values": [], "effects": [], "opened": []}
    return short


def _cut(thing: Any) -> Any:
    if isinstance(thing, str):
        return thing[:_LONGEST_TEXT]
    if isinstance(thing, dict):
        return {key[:_LONGEST_TEXT]: _cut(one) for key, one in thing.items()}
    return [_cut(one) for one in thing] if isinstance(thing, (list, tuple)) else thing


def _message(answer: Answer, values: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "facts": wire.plain(answer.facts) if answer.error is None else None,
        "fault": None if answer.error is None else describe.fault(answer.error),
        "container": answer.container,
        "values": values,
        "seconds": answer.seconds,
        "effects": answer.effects,
        "opened": answer.opened,
    }


def _value(value: Value, exchange: Exchange, name: str) -> dict[str, Any]:
    file = "" if value.array is None else exchange.write(name, value.array)
    return wire.plain(dataclasses.replace(value, array=None)) | {"array": file}
