"""A lock at a store: one holder at a time, and none that has ended."""

import threading
import uuid

import pytest

from hearkit.errors import OutputError
from hearkit.remote import lease
from hearkit.remote.lease import held
from hearkit.remote.store import store_of
from hearkit.remote.url import Url

NEEDS = ("fsspec",)


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch) -> Url:
    monkeypatch.setattr(lease, "_LOOK_S", 0.001)
    monkeypatch.setattr(lease, "_RENEWED_S", 0.01)
    monkeypatch.setattr(lease, "_STALE_S", 0.3)
    return Url(f"memory://{uuid.uuid4()}/.hear-lock")


def is_there(lock: Url) -> bool:
    return bool(store_of(lock)._fs.exists(store_of(lock)._path(lock)))


def test_only_one_holds_a_lock_however_long(lock: Url) -> None:
    order: list[str] = []

    def other() -> None:
        with held(lock):
            order.append("other")

    with held(lock):
        waiting = threading.Thread(target=other)
        waiting.start()
        waiting.join(0.6)  # twice as long as one that has ended is waited for
        order.append("first")
    waiting.join()
    assert order == ["first", "other"]
    assert not is_there(lock)


def test_a_lock_whose_holder_has_ended_is_taken(lock: Url) -> None:
    store_of(lock).write(lock, b"ended 0")
    with held(lock):
        assert is_there(lock)
    assert not is_there(lock)


def test_a_lock_is_not_waited_for_without_end(lock: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_MOST_S", 0.01)
    store_of(lock).write(lock, b"another 0")
    with pytest.raises(OutputError, match=r"another run has held it"), held(lock):
        pass
