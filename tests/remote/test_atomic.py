"""What goes to a store is there as a whole, or not at all."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from hearkit.errors import OutputError, UsageError
from hearkit.remote.atomic import check_writable, remove, written
from hearkit.remote.errors import GoneError, ThereError
from hearkit.remote.store import Store, store_of
from hearkit.remote.url import Place, Url

NEEDS = ("fsspec",)


@pytest.fixture(params=["here", "there"])
def top(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return tmp_path if request.param == "here" else Url(f"memory://{uuid.uuid4()}")


def contents(place: Place) -> bytes:
    return store_of(place).end(place, 100) if isinstance(place, Url) else place.read_bytes()


def test_a_file_is_there_at_the_end_of_the_context(top: Place) -> None:
    place = top / "a.bin"
    with written(place) as file:
        file.write(b"one")
        with pytest.raises((FileNotFoundError, GoneError)):
            contents(place)
    with pytest.raises(ZeroDivisionError), written(place) as file:
        file.write(b"%d" % (1 // 0))
    with pytest.raises((FileExistsError, ThereError)), written(place, replace=False) as file:
        file.write(b"three")
    assert contents(place) == b"one"
    with written(place) as file:
        file.write(b"four")
    assert contents(place) == b"four"
    remove(place)
    with written(place, replace=False) as file:
        file.write(b"five")
    assert contents(place) == b"five"


def test_a_full_disk_is_said_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(Store, "upload", send)
    line = r"cannot be gathered in .* \(No space left on device\); make room, or set TMPDIR"
    with pytest.raises(OutputError, match=line), written(Url("memory://a/b")):
        raise OSError(28, "No space left on device")


def test_a_place_is_tried_and_left_as_it_was() -> None:
    top = Url(f"memory://{uuid.uuid4()}")
    check_writable(top)
    with pytest.raises(GoneError):
        store_of(top).facts(top / ".hear-probe")
    with pytest.raises(UsageError, match=r"^sftp://host/out: results need a store that shows"):
        check_writable(Url("sftp://host/out"))
