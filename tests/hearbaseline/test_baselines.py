"""Every list of the baselines names those that there are, and mel.py can be copied."""

import importlib
import pkgutil
import re
import shutil
from pathlib import Path

import pytest
import torch

import benchmarks.baselines
import hearbaseline
from benchmarks.__main__ import SUBJECTS
from training.probe.command import CONTROLS, MODELS
from validator import validate

NEEDS = ("torchcrepe",)

CHECKOUT = Path(__file__).parents[2]

FOUND = {
    module.name
    for module in pkgutil.iter_modules(hearbaseline.__path__)
    if not module.name.startswith("_")
    and hasattr(importlib.import_module(f"hearbaseline.{module.name}"), "load_model")
}

WITHOUT_WEIGHTS = {"whisper"}
"""Those that embed with weights of the user's alone: as they come there is nothing to measure."""


def test_some_baselines_are_found() -> None:
    assert {"mel", "crepe", "wav2vec2", "general"} <= FOUND - WITHOUT_WEIGHTS
    assert WITHOUT_WEIGHTS <= FOUND


@pytest.mark.parametrize("name", sorted(FOUND))
def test_each_loads_without_a_path_or_says_that_it_ships_no_weights(name: str) -> None:
    module = importlib.import_module(f"hearbaseline.{name}")
    if name in WITHOUT_WEIGHTS:
        with pytest.raises(FileNotFoundError, match=f"{name} ships no weights: give load_model"):
            module.load_model()
    else:
        assert isinstance(module.load_model(), torch.nn.Module)


def test_each_has_the_functions_of_the_api() -> None:
    for name in FOUND:
        module = importlib.import_module(f"hearbaseline.{name}")
        assert callable(module.get_scene_embeddings)
        assert callable(module.get_timestamp_embeddings)


def test_the_packages_docstring_names_them() -> None:
    assert set(re.findall(r"`hearbaseline\.(\w+)`", str(hearbaseline.__doc__))) == FOUND


@pytest.mark.parametrize(
    ("page", "pattern"),
    [
        ("docs/api/hearbaseline.md", r"^::: hearbaseline\.(\w+)$"),
        ("docs/baselines.md", r"`hearbaseline/(\w+)(?:\.py|/__init__\.py)`"),
        ("README.md", r"^\|[^|]*`hearbaseline\.(\w+)`"),
    ],
)
def test_pages_name_them(page: str, pattern: str) -> None:
    text = (CHECKOUT / page).read_text("utf-8")
    assert set(re.findall(pattern, text, re.MULTILINE)) == FOUND


def test_the_benchmarks_measure_them() -> None:
    assert set(SUBJECTS) >= FOUND
    assert {name.split()[0] for name in benchmarks.baselines._MODELS} == FOUND - WITHOUT_WEIGHTS


def test_the_probes_probe_them() -> None:
    assert set(MODELS) == {"mfcc", *CONTROLS, *FOUND} - WITHOUT_WEIGHTS


def test_a_copy_of_mel_is_a_submission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the file's docstring says: copy it, replace the model and keep the functions."""
    shutil.copy(CHECKOUT / "hearbaseline" / "mel.py", tmp_path / "my_model.py")
    monkeypatch.chdir(tmp_path)
    report = validate("my_model")
    assert [result.check.id for result in report.results if result.is_finding] == []
    assert report.exit_status == 0
