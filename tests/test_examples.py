"""Every public name is documented, with an example that runs."""

import doctest
import importlib
import pkgutil
import re
import tarfile
from dataclasses import is_dataclass
from inspect import getdoc, isclass, isfunction, signature
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import hearbaseline
import hearkit
import validator
from hearkit.embed.cli import command

NEEDS = ("torchcrepe", "sklearn")

DATA = Path(__file__).parent / "data"

PUBLIC = (
    "hearkit.api",
    "hearkit.embed",
    "hearkit.evaluation",
    "validator",
    "validator.testing",
    "hearbaseline",
    *(
        m
        for _, m, _ in pkgutil.iter_modules(hearbaseline.__path__, "hearbaseline.")
        if "._" not in m
    ),
)
"""The modules that are to be imported by others."""


def public(module: ModuleType) -> dict[str, Any]:
    """Functions and classes: what `__all__` says, or else what the module defines itself."""
    names = getattr(module, "__all__", None) or [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__
    ]
    things = {f"{module.__name__}.{name}": getattr(module, name) for name in names}
    return {name: t for name, t in things.items() if isclass(t) or isfunction(t)}


NAMES = {
    name: thing
    for module in PUBLIC
    for name, thing in public(importlib.import_module(module)).items()
}


def documentation(name: str) -> str:
    return getdoc(NAMES[name]) or ""


def arguments(name: str) -> dict[str, str]:
    """What is said of each argument or field."""
    section = re.search(
        r"^(?:Args|Attributes):\n((?: .*\n|\n)+)", documentation(name), re.MULTILINE
    )
    return dict(
        re.findall(r"^    (\w+): (.+(?:\n     .+)*)", section[1] if section else "", re.MULTILINE)
    )


TESTS = [
    test
    for package in (hearbaseline, hearkit, validator)
    for module in [
        package,
        *(
            importlib.import_module(found.name)
            for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
            # The framework is an extra, and `-m` would run the command.
            if not found.name.endswith(("tensorflow_", "__main__"))
        ),
    ]
    for test in doctest.DocTestFinder().find(module)
    if test.examples
]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the README's command and an unpacked task leave, as far as an example looks at it."""
    folder = tmp_path_factory.mktemp("clone")
    (archive,) = (DATA / "hear_tasks").glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    crow = DATA / "audio/misc_crow.flac"
    command([str(crow), "--out", str(folder / "embeddings")], standalone_mode=False)
    return folder


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_an_example_prints_what_it_says(
    test: doctest.DocTest, embedded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(embedded)
    printed: list[str] = []
    doctest.DocTestRunner().run(test, out=printed.append)
    assert not printed, "".join(printed)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_an_example(name: str) -> None:
    _, _, examples = documentation(name).partition("\nExamples:\n")
    assert ">>> " in examples


@pytest.mark.parametrize(
    "name", [name for name, thing in NAMES.items() if isfunction(thing) or is_dataclass(thing)]
)
def test_every_argument_and_field_is_documented(name: str) -> None:
    assert set(signature(NAMES[name]).parameters) == set(arguments(name))


@pytest.mark.parametrize(
    "name",
    [n for n, t in NAMES.items() if isfunction(t) and "audio" in signature(t).parameters],
)
def test_audio_is_documented_with_type_shape_range_and_rate(name: str) -> None:
    for fact in ("float32", "(n_sounds, n_samples)", "[-1, 1]", " Hz"):
        assert fact in arguments(name)["audio"]
