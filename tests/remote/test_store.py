"""Requests are tried again while the network fails, and no longer; nothing short is taken."""

import itertools
import sys
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from hearkit.errors import UnreadableError, UsageError
from hearkit.remote import copies, store
from hearkit.remote.copies import copied, gathered
from hearkit.remote.ending import ENDING, interruptible
from hearkit.remote.errors import DeniedError, GoneError, StoreError, UnreachableError
from hearkit.remote.facts import Facts
from hearkit.remote.store import Store, store_of
from hearkit.remote.url import Url

BELL = Url("s3://bucket/bell.wav")
WHOLE = b"0123456789" * 100


class Files:
    """A file system of fsspec's with one object, whose next answers are known.

    Args:
        answers: Errors that are raised, and contents; the last one again and again.
    """

    protocol = ("s3",)

    def __init__(self, *answers: Exception | bytes) -> None:
        self.answers = list(answers) or [WHOLE]
        self.asked = 0
        self.tags = ["one"]

    def _strip_protocol(self, url: str) -> str:
        return url.removeprefix("s3://")

    def info(self, path: str) -> dict[str, Any]:
        tag = self.tags.pop(0) if len(self.tags) > 1 else self.tags[0]
        return {"name": path, "type": "file", "size": len(WHOLE), "ETag": f'"{tag}"'}

    def cat_file(self, path: str, start: int, end: int) -> bytes:  # noqa: ARG002
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer[start:end]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(store, "_PAUSES_S", (0.001,))
    monkeypatch.setattr(store, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(store, "_FIRST_PATIENCE_S", 0.05)
    # A clock of its own, so that a busy machine changes nothing.
    looks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: next(looks) * 0.002)
    monkeypatch.setattr(store, "time", clock)
    yield
    ENDING.clear()


def serve(files: Files, monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store(files)
    monkeypatch.setattr(store, "_STORES", {("s3", "bucket"): made})
    return made


class SlowDownError(OSError):
    """As s3fs raises it for a 503."""

    def __init__(self) -> None:
        super().__init__(16, "Please reduce your request rate")


@pytest.mark.parametrize(
    "error",
    [ConnectionResetError("gone"), TimeoutError("slow"), SlowDownError(), RuntimeError("odd")],
)
def test_what_may_pass_is_tried_again(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(error, error, WHOLE)
    assert serve(files, monkeypatch).part(BELL, 10, 20) == WHOLE[10:20]
    assert files.asked == 3


def test_what_stays_ends_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(ConnectionResetError("reset by peer"))
    with pytest.raises(UnreachableError, match=r"^s3://bucket/bell.wav: .*\(reset by peer\)$"):
        serve(files, monkeypatch).part(BELL, 0, 10)
    assert files.asked > 3


def test_a_store_that_is_silent_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(ConnectionResetError("reset by peer"))
    found = serve(files, monkeypatch)
    for _ in range(2):
        asked = files.asked
        with pytest.raises(UnreachableError):
            found.part(BELL, 0, 10)
    assert files.asked == asked + 1
    files.answers = [WHOLE]
    assert found.part(BELL, 0, 10) == WHOLE[:10]
    files.answers = [ConnectionResetError("anew"), WHOLE]  # which is tried again as at first
    assert found.part(BELL, 0, 10) == WHOLE[:10]


@pytest.mark.parametrize(
    ("error", "kind", "line"),
    [
        (FileNotFoundError("bucket/bell.wav"), GoneError, "there is no such object or folder"),
        (PermissionError("Access Denied"), DeniedError, r"access is denied \(Access Denied\)"),
        (OSError(22, "Invalid"), StoreError, "the store refuses it"),
        (UnicodeEncodeError("utf-8", "\udce9", 0, 1, "no"), StoreError, "the store refuses it"),
    ],
)
def test_what_will_not_pass_is_told_at_once(
    error: Exception, kind: type[StoreError], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(error)
    with pytest.raises(kind, match=rf"^s3://bucket/bell.wav: {line}"):
        serve(files, monkeypatch).part(BELL, 0, 10)
    assert files.asked == 1


def test_names_that_s3fs_cuts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files()
    found = serve(files, monkeypatch)
    with pytest.raises(StoreError, match=r"has \?versionId= in its name, which s3fs cuts off"):
        found.part(Url("s3://bucket/a?versionId=1.wav"), 0, 10)
    with pytest.raises(StoreError, match=r"^s3://bucket//sub: begins with a / behind its bucket"):
        found.inside(Url("s3://bucket//sub"))
    assert files.asked == 0


def test_who_may_not_ask_for_a_bucket_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(Files):
        def info(self, path: str) -> dict[str, Any]:
            raise PermissionError("Forbidden" if path == "bucket" else "no path")

        def ls(self, path: str) -> list[str]:
            kind = type("TokenRetrievalError", (Exception,), {})
            raise kind(f"expired, for {path}")

    with pytest.raises(UsageError, match=r"the credentials \(expired, for bucket\)"):
        serve(Refusing(), monkeypatch).facts(Url("s3://bucket"))


def test_a_folder_is_no_object() -> None:
    top = Url(f"memory://{uuid.uuid4()}")
    store_of(top).write(top / "sub/a.wav", b"a")
    with pytest.raises(UnreadableError, match=r"/sub: is a folder, not a file; skipped$"):
        copied(top / "sub")
    with pytest.raises(StoreError, match="is a folder"):
        gathered(top / "sub")


def test_no_credentials_concern_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = type("NoCredentialsError", (Exception,), {})
    files = Files(kind("Unable to locate credentials"))
    with pytest.raises(UsageError, match="does not accept the credentials"):
        serve(files, monkeypatch).part(BELL, 0, 10)


def test_an_interrupt_ends_the_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_PATIENCE_S", 1e6)
    monkeypatch.setattr(store, "_FIRST_PATIENCE_S", 1e6)
    monkeypatch.setattr(store, "_PAUSES_S", (1e5,))
    with pytest.raises(KeyboardInterrupt), interruptible():
        raise KeyboardInterrupt
    with pytest.raises(UnreachableError):
        serve(Files(ConnectionResetError()), monkeypatch).part(BELL, 0, 10)


def test_bytes_that_are_missing_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_BLOCK", 300)
    files = Files(WHOLE, WHOLE[:500], WHOLE)
    serve(files, monkeypatch)
    copy = copied(BELL)
    assert copy.path.read_bytes() == WHOLE
    assert copy.state == "1000 one"
    copy.close()
    files.answers = [WHOLE[:500]]
    with pytest.raises(UnreadableError, match=r"\(200 of 300 bytes came\); skipped$"):
        copied(BELL)


def test_an_object_that_is_replaced_meanwhile_is_copied_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = Files()
    serve(files, monkeypatch)
    files.tags = ["one", "two"]
    copy = copied(BELL)
    assert (copy.state, files.asked) == ("1000 two", 2)
    assert copy.contents
    copy.close()
    files.tags = ["one", "two", "three"]
    copy = copied(BELL)
    assert not copy.contents  # so that the next run embeds it again
    copy.close()


def test_a_full_disk_fails_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Url, __: str, ___: object) -> tuple[str, str]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copies, "_copied", full)
    line = r"cannot be copied to .* \(No space left on device\); skipped; make room, or set TMPDIR"
    with pytest.raises(UnreadableError, match=line):
        copied(BELL)


def test_a_state_is_of_size_and_contents_or_time() -> None:
    assert Facts.of({"size": 5, "ETag": '"abc"', "LastModified": "later"}).state == "5 abc"
    assert Facts.of({"size": 5, "mtime": 7.5}).state == "5 7.5"
    assert Facts.of({"size": 5}).state == "5 ?"
    assert Facts.of({"type": "directory", "size": 0}) == Facts(0, "", is_folder=True)


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("gs://bucket/a.wav", r"gs:// needs gcsfs: pip install gcsfs"),
        ("sftp://host/a.wav", r"sftp:// needs more packages \(.*paramiko"),
        ("nothing://bucket/a.wav", "fsspec knows no nothing://"),
    ],
)
def test_a_missing_driver_is_named(url: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    monkeypatch.setitem(sys.modules, "paramiko", None)
    with pytest.raises(UsageError, match=line):
        store_of(Url(url))
