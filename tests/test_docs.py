"""The documentation is so: its site builds without network, its examples run."""

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest

from hearkit.embed.cli import command as hear_embed
from hearkit.evaluation.cli import command as hear_eval
from validator.cli import command
from validator.options import SETTINGS

NEEDS = ("mkdocs", "pyarrow", "ray", "sklearn", "torchcrepe")

CHECKOUT = Path(__file__).parent.parent
DOCS = CHECKOUT / "docs"

_FENCE = re.compile(r'^```(\w+)(?: title="(.+?)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, the file it becomes ("" for none), its text."""

    language: str
    file: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    for match in _FENCE.finditer((DOCS / page).read_text("utf-8")):
        yield Block(*match.groups(default=""))


def shell(script: str, folder: Path) -> str:
    """What commands print, run as a reader in an activated environment runs them.

    `pip install .` goes to a folder of its own, and takes what it builds with from here.
    """
    installed = folder.parent / "installed"
    paths = (str(CHECKOUT), os.environ.get("PYTHONPATH", ""), str(installed))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "COLUMNS": "100",
        "PIP_TARGET": str(installed),
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # as pip reads it: without isolation
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; whatever the build warns of fails it."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", f"--site-dir={folder}"]
    done = subprocess.run(build, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class _Resources(HTMLParser):
    """Collects what a browser fetches to show a page; links to follow are none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            self.found += [value or "" for name, value in attrs if name in _FETCHED]


_FETCHED = {"src", "srcset", "href", "data", "poster"}


def test_the_site_fetches_nothing_from_other_servers(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) >= len(list(DOCS.rglob("*.md")))
    for page in pages:
        resources = _Resources()
        resources.feed(page.read_text("utf-8"))
        assert resources.found
        assert [r for r in resources.found if re.match(r"(https?:)?//", r)] == []
    for sheet in (*site.rglob("*.css"), *site.rglob("*.svg")):
        assert not re.search(
            r"(url\(|@import|href=)\s*[\"']?(https?:)?//", sheet.read_text("utf-8")
        )


def test_formulas_are_drawn_without_a_script(site: Path) -> None:
    formulas = [block for block in blocks("baselines.md") if block.language == "math"]
    page = (site / "baselines/index.html").read_text("utf-8")
    assert page.count("<math ") == len(formulas) > 5


def test_the_overview_gives_the_commands_of_the_readme() -> None:
    commands = re.findall(
        r"<!-- .+ -->\n```sh\n(.+\n)```", (CHECKOUT / "README.md").read_text("utf-8")
    )
    assert commands
    assert commands == [block.text for block in blocks("index.md") if block.language == "sh"]


@pytest.mark.parametrize(
    "page", ["api/hearkit.md", "baselines.md", "questions.md", "validating.md"]
)
def test_the_code_of_a_page_runs_from_top_to_bottom(page: str) -> None:
    code = [block.text for block in blocks(page) if block.language == "python"]
    assert code
    exec(compile("\n".join(code), page, "exec"), {"__name__": page})


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    """Files are written, commands run, and a `text` block is what the last one printed."""
    (tmp_path / "hearbaseline").symlink_to(CHECKOUT)
    folder = tmp_path / "submission"
    folder.mkdir()
    printed = ""
    for block in blocks("tutorial.md"):
        if block.file:
            (folder / block.file).parent.mkdir(exist_ok=True)
            (folder / block.file).write_text(block.text)
        elif block.language == "sh":
            printed = shell(block.text, folder)
        else:
            assert block.language == "text"
            flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            matches = doctest.OutputChecker().check_output(block.text, printed, flags)
            assert matches, f"expected:\n{block.text}\nprinted:\n{printed}"
    assert list((tmp_path / "installed").glob("my_model-*.dist-info"))


def test_the_page_on_evaluating_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands run, a `text` block is what the last one printed, and Python runs, too."""
    (tmp_path / "hearbaseline").symlink_to(CHECKOUT)
    folder = tmp_path / "scored"
    folder.mkdir()
    monkeypatch.chdir(folder)
    printed = ""
    for block in blocks("evaluating.md"):
        if block.language == "sh":
            printed = shell(block.text, folder)
        elif block.language == "python":
            exec(compile(block.text, "evaluating.md", "exec"), {"__name__": "evaluating"})
        else:
            assert block.language == "text"
            flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            matches = doctest.OutputChecker().check_output(block.text, printed, flags)
            assert matches, f"expected:\n{block.text}\nprinted:\n{printed}"
    assert (folder / "board.html").is_file()


def test_the_page_on_clusters_does_what_it_says(tmp_path: Path) -> None:
    """What needs a cluster is called bash there, and is no sh."""
    (tmp_path / "hearbaseline").symlink_to(CHECKOUT)
    commands = [block.text for block in blocks("clusters.md") if block.language == "sh"]
    printed = [shell(command, tmp_path) for command in commands]
    n_recordings = len(list((CHECKOUT / "tests/data/audio").glob("*.flac")))
    both, spread, _ = (re.findall(r"embedded (\d+), already there 0, failed 0", p) for p in printed)
    assert len(both) == 2
    assert sum(map(int, both)) == n_recordings
    assert spread == [str(n_recordings)]
    assert len(list((tmp_path / "embeddings").glob("*.npz"))) == n_recordings
    assert 1 <= len(list((tmp_path / "spread").glob("*.parquet"))) <= 2
    assert printed[-1].splitlines()[-1] == "scored 1, failed 0, in results/hearbaseline"


def code_in_tables(page: str) -> set[str]:
    """What stands in backquotes in the first cells of a page's tables."""
    text = (DOCS / page).read_text("utf-8")
    cells = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    return {code for cell in cells for code in re.findall(r"`([^` ]+)", cell)}


def options_of(command: click.Command) -> set[str]:
    """All spellings of a command's options."""
    return {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
    }


def test_every_option_of_the_validator_stands_on_its_page() -> None:
    assert options_of(command) - code_in_tables("validating.md") == set()


def test_every_option_of_hear_embed_stands_on_its_page() -> None:
    assert options_of(hear_embed) - code_in_tables("embedding.md") == set()


def test_every_option_of_hear_eval_stands_on_its_page() -> None:
    options = {
        name
        for part in (hear_eval, *hear_eval.commands.values())
        for parameter in part.params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
    }
    assert options - code_in_tables("evaluating.md") == set()


def test_every_setting_of_the_validator_stands_on_its_page() -> None:
    assert set(SETTINGS) - code_in_tables("validating.md") == set()
