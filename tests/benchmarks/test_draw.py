"""Tables kept as JSON, and the picture made of them."""

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from benchmarks import draw
from benchmarks._tables import Cell, Table, Timing, load, save

NEEDS = ("matplotlib",)

ROWS: tuple[dict[str, Cell], ...] = tuple(
    {
        "sounds": sounds,
        "s each": seconds,
        "our ms": Timing((1.0, 3.0, 2.0)),
        "times as fast": ratio,
    }
    for sounds, seconds, ratio in ((1, 60.0, 5.0), (1, 1.0, 2.0), (16, 1.0, 1.5))
)
TABLES = (
    Table("mel", "mel, scene embeddings, next to a peer: ms a frame", ROWS),
    Table("mel", "mel: ours, one long sound", ({"minutes": 1, "s": 0.5},)),
)


def test_a_run_is_kept_with_every_turn(tmp_path: Path) -> None:
    save(tmp_path / "run.json", {"cores": 2}, TABLES)
    assert load(tmp_path / "run.json") == ({"cores": 2}, list(TABLES))
    (first, _) = json.loads((tmp_path / "run.json").read_text())["tables"]
    assert first["rows"][0]["our ms"]["turns"] == [1, 3, 2]


def test_a_table_is_printed_as_markdown_with_median_and_spread() -> None:
    out = io.StringIO()
    TABLES[0].print(Console(file=out, width=100))
    head, rule, first, *_ = [line for line in out.getvalue().splitlines() if "|" in line]
    assert [cell.strip() for cell in head.strip("|").split("|")] == list(ROWS[0])
    assert set(rule) == {"|", "-"}
    cells = [cell.strip() for cell in first.strip("|").split("|")]
    assert cells == ["1", "60", "2 (1-3)", "5"]


def test_lines_go_by_the_number_of_sounds_and_from_short_to_long() -> None:
    assert draw.lines(TABLES[0]) == {1: [(1.0, 2.0), (60.0, 5.0)], 16: [(1.0, 1.5)]}


def test_the_picture_names_what_it_shows_and_is_the_same_each_time(tmp_path: Path) -> None:
    save(tmp_path / "run.json", {}, TABLES)
    for name in ("a.svg", "b.svg"):
        arguments = [str(tmp_path / "run.json"), "--out", str(tmp_path / name)]
        assert CliRunner().invoke(draw.main, arguments).exit_code == 0
    picture = (tmp_path / "a.svg").read_bytes()
    assert picture == (tmp_path / "b.svg").read_bytes()
    words = {text.strip() for text in ET.fromstring(picture).itertext()}
    expected = {"mel, scene embeddings", "next to a peer", "1 sound", "16 sounds", "1 s", "1 min"}
    assert expected <= words
    assert "64 sounds" not in words
    assert {draw.COLOURS[1], draw.COLOURS[16]} <= set(_colours(picture.decode()))


def test_a_run_without_comparisons_is_one_line(tmp_path: Path) -> None:
    save(tmp_path / "run.json", {}, TABLES[1:])
    arguments = [str(tmp_path / "run.json"), "--out", str(tmp_path / "a.svg")]
    done = CliRunner().invoke(draw.main, arguments)
    assert done.exit_code == 1
    assert "nothing to draw" in done.output


@pytest.mark.parametrize("page", ["#ffffff", "#0d1117"], ids=["light", "dark"])
@pytest.mark.parametrize("colour", [draw.TEXT, *draw.COLOURS.values()])
def test_every_colour_can_be_seen_on_light_and_on_dark_pages(colour: str, page: str) -> None:
    """WCAG 2.2 asks for a contrast of 3 in graphics, and 4.5 in small text."""
    lighter, darker = sorted((_luminance(colour), _luminance(page)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= (4.2 if colour == draw.TEXT else 3.5)


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it, of #rrggbb."""
    levels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in levels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _colours(svg: str) -> list[str]:
    return [svg[i : i + 7] for i in range(len(svg)) if svg[i] == "#"]
