"""Files without a name: gone with the process, however it ends."""

from __future__ import annotations

from typing import IO


def path_of(file: IO[bytes]) -> str:
    """What opens a nameless file within this process, at its beginning.

    Args:
        file: Of `tempfile.TemporaryFile`; it stays open as long as the path is used.
    """
    file.flush()
    # Where this is another name of the open file, as on a Mac, its position counts.
    file.seek(0)
    return f"/dev/fd/{file.fileno()}"
