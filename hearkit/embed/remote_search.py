"""Recordings below a URL, by the rules of a local folder."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import PurePosixPath

from ..audio.kinds import APPLE_DOUBLE
from ..errors import UsageError
from ..remote.errors import GoneError, StoreError
from ..remote.facts import Facts
from ..remote.store import store_of
from ..remote.url import Url, shown
from .found import GIT, SUFFIXES, Found, LeftOut, is_result_name

_LISTERS = 16
"""Threads; each lists a folder."""

_Inside = list[tuple[str, Facts]]


def search_url(given: Url, left_out: LeftOut) -> Iterator[Found]:
    """The recordings at a URL.

    Args:
        given: An object, or a folder, which is searched at any depth.
        left_out: Is told what is not embedded.

    Raises:
        UsageError: If its store cannot be used at all.
    """
    try:
        facts = store_of(given).facts(given)
    except GoneError as error:
        left_out.troubles.append(f"{error}; AUDIO takes files, folders and URLs")
        return
    except StoreError as error:
        left_out.troubles.append(str(error))
        return
    if not facts.is_folder:
        is_folder_too = store_of(given).is_folder_too(given)
        # An empty one stands for the folder, as some tools make it.
        if not (_is_mac_shadow(given, facts) or (is_folder_too and not facts.size)):
            yield Found(given, given.name, facts.state)
        if not is_folder_too:
            return
    listers = ThreadPoolExecutor(_LISTERS, thread_name_prefix="hear-lister")
    try:
        walk = _Walk(left_out, listers)
        yield from walk.below(given, "", walk.listed(given))
    finally:
        # Who interrupts the command does not wait for the folders that were still to come.
        listers.shutdown(cancel_futures=True)


class _Walk:
    """A search through folders, which are listed before they are needed."""

    def __init__(self, left_out: LeftOut, listers: ThreadPoolExecutor) -> None:
        self._left_out = left_out
        self._listers = listers

    def listed(self, folder: Url) -> Future[_Inside]:
        """What will be in a folder."""
        return self._listers.submit(store_of(folder).inside, folder)

    def below(self, folder: Url, prefix: str, listed: Future[_Inside]) -> Iterator[Found]:
        """The recordings in a folder and in those in it, in the order of their names.

        Args:
            folder: The folder.
            prefix: Its path below the first one, with `/` behind it.
            listed: What is in it.
        """
        try:
            inside = listed.result()
        except StoreError as error:
            self._left_out.troubles.append(
                f"{shown(folder)}: the folder cannot be searched ({error.reason}); what is in it "
                "is left out"
            )
            return
        folders = {
            name: self.listed(folder / name)
            for name, facts in inside
            if facts.is_folder and name != GIT and not trouble_of_name(name)
        }
        for name, facts in inside:
            url, inner = folder / name, prefix + name
            if name in folders and facts.is_folder:
                yield from self.below(url, f"{inner}/", folders.pop(name))
            elif not facts.is_folder:
                yield from self._file(url, inner, facts)
            elif name == GIT:
                self._left_out.n_git += 1
            else:
                self._left_out.troubles.append(
                    f"{shown(url)}/: {trouble_of_name(name)}; what is in it is left out"
                )

    def _file(self, url: Url, inner: str, facts: Facts) -> Iterator[Found]:
        """Take an object, or count it by its kind."""
        path = PurePosixPath(inner)
        suffix = path.suffix.lower()
        if suffix in SUFFIXES:
            if trouble := trouble_of_name(url.name):
                self._left_out.troubles.append(f"{shown(url)}: {trouble}; left out")
            elif not _is_mac_shadow(url, facts):
                yield Found(url, inner, facts.state)
        elif not (is_result_name(path) or path.name == ".DS_Store" or _is_mac_shadow(url, facts)):
            self._left_out.count_kind(suffix)


def trouble_of_name(name: str) -> str:
    """Why a result cannot have the place that its recording's name says; "" if it can.

    Objects may have names that no file has. As a path, `a/../../b` leads out of `--out`.
    """
    odd = next((part for part in name.split("/") if part in ("", ".", "..")), None)
    if odd is not None:
        return f"has a part {odd!r} in its name, which no file can have; rename it"
    return "has a NUL in its name, which no file can have; rename it" if "\0" in name else ""


def _is_mac_shadow(url: Url, facts: Facts) -> bool:
    """Whether it is what a Mac keeps next to a file on other systems' disks (AppleDouble)."""
    # Bytes that it does not have would be asked for again and again.
    if not url.name.startswith("._") or facts.size < len(APPLE_DOUBLE):
        return False
    try:
        return store_of(url).part(url, 0, len(APPLE_DOUBLE)) == APPLE_DOUBLE
    except (StoreError, UsageError):
        return False
