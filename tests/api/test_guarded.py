"""What the caller knows of a guarded process, from what its guard says."""

import signal
import socket
import threading

from hearkit.api.guarded import Guarded


def test_the_number_is_known_however_early_it_was_told() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        # All of it is there before anybody looks, as where the caller has to wait for a core.
        theirs.sendall(b'{"guard": 11, "worker": 12}\n')
        process = Guarded(ours, "mark")
        found: list[int] = []
        asking = threading.Thread(target=lambda: found.append(process.pid), daemon=True)
        asking.start()
        asking.join(20)
        assert found == [12]
        assert process.guard == 11
    ours.close()


def test_the_number_of_what_never_ran_is_0() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    process = Guarded(ours, "mark")
    assert process.pid == 0
    assert process.poll() == -signal.SIGKILL
    ours.close()
