"""What is a path, what is a URL, and what of it is refused."""

import pickle
from pathlib import Path

import pytest

from hearkit.errors import UsageError
from hearkit.remote.url import Url, is_url, place_of_text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("sub/bell.wav", Path("sub/bell.wav")),
        ("./s3:/bucket", Path("s3:/bucket")),
        ("file:///sub/a%20b%23%C3%BC.wav", Path("/sub/a b#ü.wav")),
        ("file://localhost/bell.wav", Path("/bell.wav")),
        ("S3://Bucket/Sub/", Url("s3://Bucket/Sub")),
        # To a store, all of these are parts of a name.
        ("s3://bucket/a%20b#c?d*[e].wav", Url("s3://bucket/a%20b#c?d*[e].wav")),
        ("gs://bucket//sub/../a.wav", Url("gs://bucket//sub/../a.wav")),
        ("sftp://user@host/a.wav", Url("sftp://user@host/a.wav")),
        ("sftp://host:22/a@b.wav", Url("sftp://host:22/a@b.wav")),
        ("s3://bucket/12:30@home?sig=a.wav", Url("s3://bucket/12:30@home?sig=a.wav")),
        ("s3://arn:aws:s3:eu:1:accesspoint/a/b@c", Url("s3://arn:aws:s3:eu:1:accesspoint/a/b@c")),
    ],
)
def test_a_place_is_a_path_or_a_url(text: str, place: Path | Url) -> None:
    assert place_of_text(text) == place
    assert pickle.loads(pickle.dumps(place)) == place
    assert is_url(str(place)) == isinstance(place, Url)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sftp://user:secret@host/a.wav", r"^sftp://\.\.\.@host/a\.wav: has a password in it"),
        (
            "s3://KEY:secret/secret@bucket/a.wav",
            r"^s3://\.\.\.@bucket/a\.wav: has a password in it",
        ),
        ("sftp://user:1@secret@host/a.wav", r"^sftp://\.\.\.@host/a\.wav: has a password in it"),
        (
            "https://a.b/c.wav?X-Amz-Signature=secret",
            r"^https://a\.b/c\.wav\?\.\.\.: has a signature",
        ),
        (
            "s3://bucket/caf\udce9.wav",
            r"^s3://bucket/caf\\xe9.wav: has bytes in it that are no UTF-8",
        ),
        ("s3:///", "names nothing behind s3://"),
        ("file://host/a.wav", "names a file of the machine host; write file:///"),
        ("file:///a%00b", "has a NUL"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(text: str, line: str) -> None:
    with pytest.raises(UsageError, match=line) as refused:
        place_of_text(text)
    assert "secret" not in str(refused.value)


def test_parts_of_a_url() -> None:
    url = Url("s3://bucket/sub") / "bell.wav"
    assert (url.scheme, url.name, url.suffix) == ("s3", "bell.wav", ".wav")
    assert url.parent == Url("s3://bucket/sub")
    assert url.parent.parent.parent == Url("s3://bucket")
