"""The packages stand on one another in one direction, and no modules import in a circle."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
STANDS_ON: dict[str, set[str]] = {"hearkit": set(), "hearbaseline": set(), "validator": {"hearkit"}}
"""What each package may import of the others."""

PACKAGES = tuple(STANDS_ON)


def modules() -> dict[str, Path]:
    """Every module by name, packages by that of their folder."""
    found = {}
    for package in PACKAGES:
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            parts = path.relative_to(CHECKOUT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(name: str) -> Iterator[str]:
    """The modules of ours that a module imports anywhere, in functions and for types as well."""
    is_package = MODULES[name].name == "__init__.py"
    here = name.split(".") if is_package else name.split(".")[:-1]
    for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) + 1 - node.level] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                inside = f"{source}.{alias.name}"
                if inside in MODULES:
                    yield inside
                elif source in MODULES:
                    yield source


GRAPH = {name: set(imported(name)) - {name} for name in MODULES}


def test_no_modules_import_in_a_circle() -> None:
    try:
        TopologicalSorter(GRAPH).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_it_stands_on(package: str) -> None:
    foreign = {
        f"{name} imports {other}"
        for name in MODULES
        if name.partition(".")[0] == package
        for other in GRAPH[name]
        if other.partition(".")[0] not in {package, *STANDS_ON[package]}
    }
    assert foreign == set()
