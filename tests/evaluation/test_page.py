"""The page of results, in a real browser: what it shows and sorts, and what it lets nobody do."""

from __future__ import annotations

from typing import Any

import pytest

from hearkit.evaluation.board import placed
from hearkit.evaluation.certainty import Difference
from hearkit.evaluation.compare import Pair
from hearkit.evaluation.interval import Interval
from hearkit.evaluation.page import render
from hearkit.evaluation.results import Failure, Results, TaskResult

from ..browser import Open, Seen

NEEDS = ("playwright", "chromium", "sklearn")

ATTACK = "</script></style></title><img src=x onerror=\"document.title='owned'\">&quot;'{{7*7}}"


def results(module: str = "my_model", value: float = 0.8) -> Results:
    def task(
        folder: str, name: str, mode: str, score: str, value: float, **more: Any
    ) -> TaskResult:
        interval = Interval(value - 0.05, value + 0.05, 100)
        return TaskResult(
            folder, name, mode, module, "", score, value, over_recordings=interval, **more
        )

    return Results(
        module,
        (
            task("esc50-v2.0.0-full", "esc50", "full", "top1_acc", value),
            task("gtzan-1.0.0-full", "tfds_gtzan", "full", "top1_acc", value - 0.1),
            task("spoken_digit-1.0.9-small", "spoken_digit", "small", "top1_acc", 0.95),
            task("other-1-full", "other", "full", "segment_1s_er", 0.4, warnings=("a note",)),
        ),
        (Failure("broken-1-full", "48000/train: is missing"),),
    )


@pytest.fixture(scope="module")
def shown() -> str:
    """The board with two modules."""
    both = [results(), results("other_model", 0.7)]
    pairs = [
        Pair(
            "esc50-v2.0.0-full",
            "my_model",
            "other_model",
            Difference(0.1, Interval(0.02, 0.18, 100)),
        )
    ]
    return render(both, placed(both), pairs)


def column(page: Any, table: str, number: int) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        f"#{table} tbody tr", f"rows => rows.map((row) => row.cells[{number}].innerText)"
    )
    return found


def test_everything_is_shown_without_errors_or_requests(
    shown: str, open_page: Open, seen: Seen
) -> None:
    page = open_page(shown)
    assert seen.messages == []
    assert [url for url in seen.requests if not url.startswith("file:")] == []
    assert page.title() == "my_model, other_model: hear-eval"
    assert page.locator("#scores tbody tr").count() == 8
    assert page.locator("svg").count() == 4
    assert page.locator("#board tbody tr").count() == 36
    assert page.locator("#board tr.ours").count() == 2
    assert "48000/train: is missing" in page.locator("main").inner_text()
    assert "imputed: Beehive" in page.locator("main").inner_text()
    assert column(page, "differences", 5) == ["yes"]


def test_a_picture_places_the_score_among_the_published(shown: str, open_page: Open) -> None:
    page = open_page(shown)
    picture = page.get_by_role("img", name="esc50-v2.0.0-full, top1_acc")
    assert picture.locator("circle").count() == 34
    assert picture.locator("g.mark").count() == 2
    label = picture.get_attribute("aria-label") or ""
    assert "my_model: 0.800, place 13 of 35" in label
    # A task that is not on the board has no published scores.
    assert page.get_by_role("img", name="spoken_digit").locator("circle").count() == 0
    # Everything is inside its picture.
    assert page.evaluate(
        """[...document.querySelectorAll("svg")].every((svg) => {
          const box = svg.getBoundingClientRect();
          return [...svg.querySelectorAll("circle, line, path, text")].every((one) => {
            const r = one.getBoundingClientRect();
            return r.left >= box.left - 1 && r.right <= box.right + 1 && r.bottom <= box.bottom + 1;
          });
        })"""
    )


def test_a_click_on_a_heading_sorts(shown: str, open_page: Open) -> None:
    page = open_page(shown)
    heading = page.locator("#board thead").get_by_role("button", name="ESC-50")
    heading.click()
    at = page.eval_on_selector_all("#board thead th", "all => all.map((th) => th.innerText)")
    number = next(n for n, words in enumerate(at) if words.startswith("ESC-50"))
    scores = [float(text) for text in column(page, "board", number)]
    assert scores == sorted(scores, reverse=True)
    heading.click()
    assert [float(text) for text in column(page, "board", number)] == sorted(scores)
    page.locator("#board thead").get_by_role("button", name="Beehive").click()
    blanks = [text == "" for text in column(page, "board", 3)]
    assert blanks == sorted(blanks)  # missing scores last
    page.locator("#board thead").get_by_role("button", name="Model").press("Enter")
    names = column(page, "board", 1)
    assert names[0] == "AMAAI Lab wav2vec2+DDSP"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_reader(shown: str, open_page: Open, scheme: str) -> None:
    page = open_page(shown, color_scheme=scheme)
    colours = "(e) => { const s = getComputedStyle(e); return [s.color, s.backgroundColor]; }"
    ink, background = (
        sum(map(int, colour[4:-1].split(","))) for colour in page.locator("body").evaluate(colours)
    )
    assert (ink < background) == (scheme == "light")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_screen_scrolls_downwards_only(shown: str, open_page: Open, width: int) -> None:
    page = open_page(shown, viewport={"width": width, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_names_stay_text(open_page: Open, seen: Seen) -> None:
    attack = Results(ATTACK, (TaskResult(ATTACK, "t", "m", ATTACK, "", ATTACK, 0.5),), ())
    page = open_page(render([attack]))
    assert seen.messages == []
    assert page.title().startswith("</script>")
    assert page.locator("img").count() == 0


def test_a_score_that_is_not_defined_is_said_and_not_drawn(open_page: Open, seen: Seen) -> None:
    nothing = TaskResult("t-1-full", "t", "full", "m", "", "aucroc", float("nan"))
    page = open_page(render([Results("m", (nothing,))]))
    assert "not defined" in page.locator("#scores").inner_text()
    assert page.locator("svg").count() == 0
    assert seen.messages == []
