"""What a worker of its own is asked while the main one answers, where there are cores for both."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from hearkit.api.submission import Connection, Reply


class Meanwhile:
    """One question to a connection that is used for nothing else, asked in a thread.

    Args:
        connection: The connection, which is closed after the answer.
        ask: Asks it.
    """

    def __init__(self, connection: Connection, ask: Callable[[Connection], Reply[Any]]) -> None:
        self._connection = connection
        self._ask = ask
        self._answer: Future[Reply[Any]] = Future()
        # A run that is interrupted does not wait for it: `close` ends what it waits for.
        self._thread = threading.Thread(target=self._run, name="meanwhile", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer.set_result(self._ask(self._connection))
        except BaseException as error:  # raised where the answer is wanted
            self._answer.set_exception(error)
        finally:
            self._connection.close()

    def answer(self) -> Reply[Any]:
        """The reply, waited for.

        Raises:
            Fault: If the worker does not answer.
            OutOfTimeError: If the time for the whole run is used up.
        """
        try:
            return self._answer.result()
        finally:
            self.close()

    def close(self) -> None:
        """End the worker, whatever it does."""
        if not self._answer.done():
            self._connection.close()
        self._thread.join(_END_S)


_END_S = 10.0
"""Seconds for the thread to notice that its worker has ended."""
