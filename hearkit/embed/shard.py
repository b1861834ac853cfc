"""A deterministic part of the work, for job arrays and several processes or machines.

Which shard a recording belongs to follows from its path below the named folder alone, by a hash.
So every machine decides alike without asking another, wherever it has the folder, and a recording
that is added while shards run moves no other one. The price: shards differ in size, by about the
square root of their number of recordings.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass

from ..errors import UsageError
from .jobs import Job

_WRITTEN = re.compile(r"(\d{1,9})/(\d{1,9})")


@dataclass(frozen=True)
class Shard:
    """One of several parts that together are the whole.

    Attributes:
        index: Which one; the first is 1.
        count: Number of parts.
    """

    index: int
    count: int

    @classmethod
    def of(cls, text: str) -> Shard:
        """The shard that `--shard I/N` names.

        Raises:
            UsageError: If it names none.
        """
        written = _WRITTEN.fullmatch(text.strip())
        if written is None:
            raise UsageError(f"--shard {text}: write I/N, such as 1/4 for the first of four shards")
        index, count = map(int, written.groups())
        if not 1 <= index <= count:
            n = max(count, 1)
            raise UsageError(
                f"--shard {text}: there is no such shard; they are counted from 1/{n} to {n}/{n}"
            )
        return cls(index, count)

    def has(self, name: str) -> bool:
        """Whether a recording belongs to it.

        Args:
            name: Its path below the folder that was named.
        """
        # Not Python's hash, which is another one in each process.
        digest = hashlib.blake2b(os.fsencode(name), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index - 1

    def of_jobs(self, jobs: list[Job]) -> list[Job]:
        """The jobs that belong to it, in their order."""
        return [job for job in jobs if self.has(job.name)]

    def said(self, n_mine: int, n_all: int) -> str:
        """One line on what it leaves to the others."""
        what = "recording" if n_all == 1 else "recordings"
        belong = "belongs" if n_all - n_mine == 1 else "belong"
        return (
            f"shard {self.index}/{self.count} has {n_mine} of {n_all} {what}; "
            f"{n_all - n_mine} {belong} to the other shards"
        )
