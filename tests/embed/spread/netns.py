"""Nodes of a Ray on one machine that see each other as separate hosts do: network namespaces."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BRIDGE = "hear-br"
PORT = 6479
HEAD = "10.77.41.2"

_PATIENCE = 1500
"""Looks, five a second, until a node has started."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    # Workers do not give way to whatever else runs on this machine.
    "RAY_worker_niceness": "0",
    # Hosts of a cluster share a token; here all is on one machine.
    "RAY_AUTH_MODE": "disabled",
}


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Hosts:
    """Hosts on one bridge, by number; the first has the head.

    Args:
        folder: For Ray's sessions; its path is short, for that of a socket has 107 characters.
        log: What nodes print.

    Attributes:
        env: Environment variables of what is started.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        self.env = dict(QUIET)
        self._folder = folder
        self._log = log
        self._hosts: list[int] = []
        self._nodes: list[subprocess.Popen[bytes]] = []

    def add(self) -> int:
        """A host with a node of one core; returns its number."""
        number = len(self._hosts) + 2
        name, link = f"hear-ns{number}", f"hear-v{number}"
        ip("netns", "add", name)
        self._hosts.append(number)
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", link, "master", BRIDGE, "up")
        ip("-n", name, "addr", "add", f"10.77.41.{number}/24", "dev", "eth0")
        for device in ("eth0", "lo"):
            ip("-n", name, "link", "set", device, "up")
        where = (
            ["--head", f"--port={PORT}", "--include-dashboard=false", f"--temp-dir={self._folder}"]
            if number == 2
            else [f"--address={HEAD}:{PORT}"]
        )
        command = [
            str(Path(sys.executable).with_name("ray")), "start", *where, "--num-cpus=1",
            "--block", f"--node-ip-address=10.77.41.{number}", "--object-store-memory=100000000",
            "--disable-usage-stats",
        ]  # fmt: skip
        self._nodes.append(self.start(number, command))
        for _ in range(_PATIENCE):
            if self._log.read_text().count("Ray runtime started") == len(self._nodes):
                return number
            time.sleep(0.2)
        raise TimeoutError(self._log.read_text())

    def start(
        self,
        number: int,
        command: list[str],
        stdout: Path | None = None,
        stderr: Path | None = None,
    ) -> "subprocess.Popen[bytes]":
        """Start a command on a host; what it prints is in the log, or in files of its own."""
        with (stdout or self._log).open("ab") as out, (stderr or self._log).open("ab") as told:
            return subprocess.Popen(
                ["ip", "netns", "exec", f"hear-ns{number}", *command],
                env={**os.environ, **self.env},
                cwd=self._log.parent,
                stdout=out,
                stderr=told,
            )

    def kill(self, number: int) -> None:
        """End a host at once: SIGKILL to all that runs on it, and its cable is cut."""
        with contextlib.suppress(subprocess.CalledProcessError):
            ip("link", "set", f"hear-v{number}", "down")
        for _ in range(50):
            found = subprocess.run(
                ["ip", "netns", "pids", f"hear-ns{number}"], capture_output=True, text=True
            ).stdout.split()
            if not found:
                return
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.1)

    def close(self) -> None:
        """End all hosts."""
        for number in self._hosts:
            self.kill(number)
        for node in self._nodes:
            node.wait(30)
        for number in self._hosts:
            # The kernel takes its time to remove it together with the namespace.
            ip("link", "del", f"hear-v{number}")
            ip("netns", "del", f"hear-ns{number}")


@contextmanager
def hosts(log: Path) -> Iterator[Hosts]:
    """A bridge, and hosts on it that the caller adds.

    Args:
        log: What nodes print.
    """
    short = Path(tempfile.mkdtemp(prefix="hr-", dir="/tmp"))
    try:
        ip("link", "add", BRIDGE, "type", "bridge")
        try:
            ip("link", "set", BRIDGE, "up")
            made = Hosts(short, log)
            try:
                yield made
            finally:
                made.close()
        finally:
            ip("link", "del", BRIDGE)
    finally:
        shutil.rmtree(short, ignore_errors=True)
