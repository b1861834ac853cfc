"""`hear-init`: a submission package to start from, written from the files of `template/`."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import keyword
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import click

from hearkit.command import CONTEXT, common_options, here, run
from hearkit.errors import UsageError

_TEMPLATE = Path(__file__).with_name("template")
_RENDERED = ".jinja"
"""What the names of files end in that name the submission; others are copied as they are."""

_PACKAGE = "package"
"""The template's folder that gets the submission's name."""

_NAME = re.compile(r"[a-z]([a-z0-9]|_(?=[a-z0-9])){1,39}")
"""What is both a module's name and, with hyphens for underscores, a distribution's."""

_TAKEN = ("test", "tests", "make_weights")
"""Names of the package's other files; `test` is also a package of Python's own."""


@click.command(context_settings=CONTEXT)
@click.argument("name")
@common_options
def command(name: str, debug: bool) -> int:  # noqa: ARG001 - read by `run`
    """Write a submission to the HEAR audio-embedding API to start from.

    NAME is the module's name, such as my_model. A folder of that name, which must not exist, is
    written into the current one: a package that can be installed, a small model, a script
    that makes its weights, tests, a GitHub Actions workflow and a pre-commit hook.
    """
    folder = start(name, here())
    click.echo(
        f"{folder.name}/ is written. Go on with\n\n"
        f'    cd {name} && pip install -e ".[test]" && hear-validate\n\n'
        "and with its README.md."
    )
    return 0


def main() -> None:
    """Run the command; every error of use is one line on stderr."""
    run(command, "hear-init")


def start(name: str, parent: Path) -> Path:
    """Write a submission package.

    Args:
        name: The module's name.
        parent: The folder to write it into; it must not hold anything of that name.

    Returns:
        The new folder, `parent / name`.

    Raises:
        UsageError: If the name cannot be used, or the folder cannot be written; nothing is
            left behind.
    """
    _check_name(name)
    folder = parent / name
    # A link that leads nowhere does not "exist".
    if os.path.lexists(folder):
        raise UsageError(f"{name}: is there already; choose another name or move it away")
    _check_free(name)
    files = list(_files(name))
    part = parent / f".{name}.{os.getpid()}"
    try:
        part.mkdir()
        for path, content in files:
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            (part / path).write_bytes(content)
        part.rename(folder)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9]+", "_", Path(name).name.lower()).strip("_0123456789")
        example = near if _NAME.fullmatch(near) else "my_model"
        raise UsageError(
            f"{name!r}: a module's name is 2 to 40 lower-case letters, digits and single "
            f"underscores, a letter first, for example {example}"
        )


def _check_free(name: str) -> None:
    """Refuse names that Python or pip would take for something else."""
    if keyword.iskeyword(name):
        raise UsageError(f"{name}: is a word of Python's own; choose another name")
    if name in _TAKEN or importlib.util.find_spec(name):
        raise UsageError(f"{name}: there is a module of this name already; choose another name")
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return
    raise UsageError(f"{name}: there is a package of this name already; choose another name")


def _files(name: str) -> Iterator[tuple[Path, bytes]]:
    """All files of the package: path and content."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATE),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    facts = {"name": name, "hearbaseline": importlib.metadata.version("hearbaseline")}
    for source in sorted(path for path in _TEMPLATE.rglob("*") if path.is_file()):
        within = source.relative_to(_TEMPLATE)
        path = Path(*(name if part == _PACKAGE else part for part in within.parts))
        if source.suffix == _RENDERED:
            template = environment.get_template(within.as_posix())
            yield path.with_suffix(""), template.render(facts).encode()
        else:
            yield path, source.read_bytes()
