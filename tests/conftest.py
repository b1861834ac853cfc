"""What several tests need: real recordings."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from .browser import browser, open_page, seen  # noqa: F401 - fixtures
from .mutation_table import pytest_terminal_summary  # noqa: F401 - a hook
from .needs import pytest_pycollect_makemodule  # noqa: F401 - a hook

# Read when torch is imported. Tests run side by side, with workers of their own: threads that spin
# while they wait take the cores from those that work.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

AUDIO = Path(__file__).parent / "data" / "audio"

Recordings = dict[str, NDArray[np.float32]]


def recordings_at(sample_rate: int) -> Recordings:
    """All real recordings, mono at a sample rate, by name."""
    found = {}
    for path in sorted(AUDIO.glob("*.flac")):
        samples, native = soundfile.read(path, dtype="float32", always_2d=True)
        found[path.stem] = soxr.resample(samples.mean(axis=1), native, sample_rate)
    return found


@pytest.fixture(scope="session")
def recordings_44100() -> Recordings:
    """Real recordings at the mel baseline's rate."""
    return recordings_at(44100)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help="validate one defective submission for each check instead of every one",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--quick"):
        return
    further = [
        item
        for item in items
        if isinstance(item, pytest.Function)
        and item.path.name == "test_submissions.py"
        and str(item.callspec.params["submission"]).startswith("bad.")
        and item.callspec.params["submission"] not in item.module.FIRST
    ]
    config.hook.pytest_deselected(items=further)
    items[:] = [item for item in items if item not in set(further)]
