"""The true reason why a file is no recording, and advice that loses none."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest

from hearkit.audio import load
from hearkit.errors import UnreadableError

CONTENTS = {
    "empty": (b"", "is empty, 0 bytes"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git LFS pointer"),
    "former lfs": (b"version https://hawser.github.com/spec/v1\noid sha256:0\n", "git LFS pointer"),
    "annex": (b"/annex/objects/SHA256E-s9--0.wav\n", "git-annex pointer"),
    "double": (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X" + bytes(200), "AppleDouble"),
    "page": (b"\n<!DOCTYPE html><html><body>404</body></html>", "web page"),
    "error": (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "web page or XML"),
    "zip": (b"PK\x03\x04" + bytes(99), "zip archive"),
    "gzip": (b"\x1f\x8b\x08" + bytes(99), "gzip archive"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "picture"),
    "notes": (b"MThd\x00\x00\x00\x06" + bytes(20), "MIDI"),
    "text": ("Grüße, no audio\n".encode() * 9, "it is text"),
    "zeros": (bytes(5000), "zero bytes"),
    "four bytes": (b"RIFF", "begins as WAV does, and is cut or damaged there: it has 4 bytes"),
    "cut Ogg": (b"OggS" + bytes(100), "begins as Ogg does, and is cut or damaged"),
    "cut FLAC": (b"fLaC" + bytes(40), "begins as FLAC does, and is cut or damaged"),
    "array": (b"\x93NUMPY\x01\x00" + bytes(99), "array of NumPy"),
}


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_what_a_file_is_instead_is_told(tmp_path: Path, kind: str, suffix: str) -> None:
    contents, words = CONTENTS[kind]
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(contents)
    with pytest.raises(UnreadableError) as caught:
        load(path, 16000)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert words in message
    assert "\n" not in message
    assert "remove" not in message


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    names = ("pipe", "folder", "link", "loop", "annex")
    pipe, folder, link, loop, annex = (tmp_path / f"{name}.wav" for name in names)
    os.mkfifo(pipe)
    folder.mkdir()
    link.symlink_to("nowhere")
    loop.symlink_to(loop)
    annex.symlink_to(".git/annex/objects/Xm/0K/SHA256E-s9--0.wav/SHA256E-s9--0.wav")
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(tmp_path / "s.wav"))
        for path, words in (
            (pipe, "is a pipe, no file"),
            (folder, "is a folder, no file"),
            (link, "is a link to nowhere, which does not exist"),
            (annex, "the recording is not here; run git annex get"),
            (loop, "cannot be opened"),
            (tmp_path / "s.wav", "is a socket, no file"),
            (tmp_path / "gone.wav", "there is no such file"),
            (Path("/dev/zero"), "is a device, no file"),
        ):
            with pytest.raises(UnreadableError, match=words):
                load(path, 16000)


def test_a_file_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system lets root read everything."""
    path = tmp_path / "a.wav"
    path.touch()

    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(UnreadableError, match="cannot be read: permission denied"):
        load(path, 16000)


def test_a_header_with_a_rate_of_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.au"
    path.write_bytes(np.array([0x2E736E64, 24, 400, 3, 0, 1], ">u4").tobytes() + bytes(400))
    with pytest.raises(UnreadableError, match=r"a\.au: "):
        load(path, 16000)
