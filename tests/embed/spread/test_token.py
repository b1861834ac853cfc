"""A cluster that asks for a token: nodes that have it join, and so does the command."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import COMMAND, write_tone
from .netns import HEAD, PORT, QUIET, Hosts, hosts

NEEDS = ("ray",)

pytestmark = pytest.mark.cluster

TOKEN = "8f3c9e0f5a5e4a0f9c1f4d3b2a190817"


def home(folder: Path, *, token: bool) -> dict[str, str]:
    """The environment of a user who has a token, or none."""
    (folder / ".ray").mkdir(parents=True)
    if token:
        (folder / ".ray" / "auth_token").write_text(TOKEN)
    others = {name: value for name, value in QUIET.items() if name != "RAY_AUTH_MODE"}
    return {**others, "HOME": str(folder)}


@pytest.fixture
def cluster(folder: Path) -> Iterator[Hosts]:
    """Two hosts as the page says: the token is copied, and the second is told that there is one."""
    with hosts(folder / "ray.log") as made:
        made.env = home(folder / "first", token=True)
        made.add()
        made.env = {**home(folder / "second", token=True), "RAY_AUTH_MODE": "token"}
        made.add()
        yield made


def embedded(cluster: Hosts, folder: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    cluster.env = env
    command = [COMMAND, "in", "--out", "out", "--module", "tiny", "--in-process"]
    command += ["--ray", f"{HEAD}:{PORT}"]
    done = cluster.start(2, command, stdout=folder / "stdout", stderr=folder / "stderr")
    done.wait(300)
    return done


def test_who_has_the_token_joins_and_nobody_else(folder: Path, cluster: Hosts) -> None:
    for n in range(40):
        write_tone(folder / "in" / f"{n}.wav", 0.1, level=(n + 1) / 64)
    stranger = embedded(cluster, folder, home(folder / "stranger", token=False))
    assert stranger.returncode == 2
    (line,) = (folder / "stderr").read_text().splitlines()
    assert line.startswith(f"hear-embed: --ray {HEAD}:{PORT}: ")
    assert "if its Ray has a token, copy ~/.ray/auth_token from its first machine" in line
    (folder / "stderr").unlink()
    friend = embedded(cluster, folder, home(folder / "friend", token=True))
    assert (folder / "stderr").read_text() == ""
    assert friend.returncode == 0
    assert "embedded 40, already there 0, failed 0, in out" in (folder / "stdout").read_text()
