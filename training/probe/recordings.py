"""The recordings of the shipped tasks: fetched from Debian's archive, unpacked below a folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import soundfile

from training.corpus import packages
from training.corpus.sources import CorpusError
from training.probe.clips import ProbeError, read_rows
from training.probe.notes import render
from training.probe.soundfont import SoundfontError, read

PACKAGES = (
    "avldrums.lv2-soundfont",
    "fillets-ng-data-cs",
    "fillets-ng-data-nl",
    "fluid-soundfont-gm",
    "gcin-voice",
    "hedgewars-data",
    "hydrogen-drumkits",
    "hydrogen-drumkits-effects",
    "sonic-pi-samples",
    "timgm6mb-soundfont",
    "wesnoth-1.16-data",
)

TASKS = Path(__file__).parent / "tasks"

SOUNDFONTS = {
    "BlackPearl4": "avldrums.lv2-soundfont/usr/share/sounds/sf2/Black_Pearl_4_LV2.sf2",
    "RedZeppelin": "avldrums.lv2-soundfont/usr/share/sounds/sf2/Red_Zeppelin_4_LV2.sf2",
}
"""Where the tables' `_avl/avl_KIT_SAMPLE.wav` come from, by kit."""


def prepare(data: Path) -> Path:
    """Fetch the packages that are missing and unpack those that are not yet.

    Args:
        data: Packages go to `debs` in it, recordings to `tasks`.

    Returns:
        The folder that the tables' paths begin in.

    Raises:
        ProbeError: If a package cannot be fetched or unpacked, or the folder not be written.
    """
    debs, root = data / "debs", data / "tasks"
    try:
        debs.mkdir(parents=True, exist_ok=True)
        root.mkdir(exist_ok=True)
        for name in PACKAGES:
            if not (root / name).is_dir():
                deb = _fetch(name, debs)
                _whole(root / name, partial(packages.unpack, deb))
        if not (root / "_avl").is_dir():
            _whole(root / "_avl", partial(_cut, root))
        _render(root, root / "_notes")
    except OSError as error:
        raise ProbeError(f"{error.filename or data}: {error.strerror or error}") from error
    except (CorpusError, SoundfontError) as error:
        raise ProbeError(str(error)) from error
    return root


def _fetch(name: str, debs: Path) -> Path:
    """A package's `.deb`, downloaded unless it is there already."""
    pattern = f"{name}_*.deb"
    if not list(debs.glob(pattern)):
        # A download that is interrupted must not pass for a package.
        with tempfile.TemporaryDirectory(dir=debs, prefix="partial-") as fresh:
            packages.run(["apt-get", "download", name], f"{name}: not downloaded", cwd=fresh)
            for path in Path(fresh).glob(pattern):
                path.replace(debs / path.name)
    found = sorted(debs.glob(pattern))
    if not found:
        raise ProbeError(f"{name}: apt-get download left no {pattern}; put one into {debs}")
    return found[-1]


def _whole(folder: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder that is either complete or not there."""
    filling = folder.with_name(folder.name + ".part")
    shutil.rmtree(filling, ignore_errors=True)
    filling.mkdir()
    fill(filling)
    filling.replace(folder)


def _render(root: Path, folder: Path) -> None:
    """Those of the notes which the shipped tables name that are not there yet."""
    rows = (row for table in sorted(TASKS.glob("*.csv")) for row in read_rows(table))
    names = {Path(row.path).name for row in rows if row.path.startswith("_notes/")}
    missing = {name for name in names if not (folder / name).is_file()}
    if missing:
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix="partial-") as fresh:
            render(root, Path(fresh), missing)
            for path in Path(fresh).iterdir():
                path.replace(folder / path.name)


def _cut(root: Path, folder: Path) -> None:
    """The soundfonts' recordings as files, bit by bit the same."""
    for kit, path in SOUNDFONTS.items():
        for name, sample in read(root / path).items():
            file = folder / f"avl_{kit}_{name.replace('/', '_')}.wav"
            soundfile.write(file, sample.audio, sample.sample_rate, "PCM_16")
