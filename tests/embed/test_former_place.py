"""`hearbaseline.embed`, where `hearkit.embed` was: works for one more release, and warns."""

import subprocess
import sys
from pathlib import Path

import pytest

import hearbaseline.embed
from hearkit import embed


def test_read_is_found_and_warns() -> None:
    with pytest.warns(DeprecationWarning, match=r"is now hearkit\.embed: import read from there"):
        from hearbaseline.embed import read
    assert read is embed.read


def test_nothing_else_is_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'write'"):
        _ = hearbaseline.embed.write


def test_the_module_still_starts_the_command(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hearbaseline.embed", "gone.wav", "--out", "out"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "DeprecationWarning: hearbaseline.embed is now hearkit.embed" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("hear-embed: gone.wav: there is no such file")
