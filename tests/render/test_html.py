"""The page, in a real browser: what it shows, fetches and does, and what it lets nobody do."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from validator import Report, Status, validate
from validator.checks import CATALOGUE
from validator.compare import Comparison, Entry, Outcome
from validator.render import RENDERERS
from validator.render.comparison import as_html

from ..browser import Open, Seen
from .conftest import make_report

NEEDS = ("playwright", "chromium", "matplotlib")

BASE = Path(__file__).parent.parent / "submissions" / "base.py"
ATTACK = "</script></style></title><img src=x onerror=\"document.title='owned'\">&quot;'{{7*7}}"

WINDOW_STARTS = """
from base import *
def get_timestamp_embeddings(audio, model):
    audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - audio.shape[1])))
    embeddings = model(audio.unfold(1, WINDOW, 320))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
"""


def validated(folder: Path, code: str, *select: str) -> Report:
    """A run of a submission with this code, pictures included."""
    shutil.copy(BASE, folder / "base.py")
    (folder / "my_model.py").write_text(code, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return validate("my_model", pictures=True, select=select)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with all pictures and one finding, T11 (and T08, which is not selected)."""
    report = validated(tmp_path_factory.mktemp("shown"), WINDOW_STARTS, "T06", "T11", "R03", "T08")
    return RENDERERS["html"](report)


def ids(page: Page, what: str) -> list[str]:
    """Ids of what is visible among the findings or the checks."""
    items = page.locator(f"#{what} [data-item]").all()
    return [item.get_attribute("id") or "" for item in items if item.is_visible()]


def test_all_pictures_are_drawn_without_errors_or_requests(
    shown: str, open_page: Open, seen: Seen
) -> None:
    page = open_page(shown)
    figures = page.locator("#pictures figure")
    assert [figure.get_attribute("id") for figure in figures.all()] == [
        "timestamp-grid",
        "centring",
        "batch-errors",
        "similarity",
        "timestamp-colours",
        "cost",
    ]
    for figure in figures.all():
        box = figure.locator("svg").first.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 60
        assert len(figure.locator("figcaption").inner_text()) > 60
    assert seen.messages == []
    # An image of a picture is part of the page.
    assert {url.partition(":")[0] for url in seen.requests} <= {"file", "data"}
    assert [url for url in seen.requests if url.startswith("file:")] == [page.url]


def test_a_finding_is_told_in_full(shown: str, open_page: Open) -> None:
    page = open_page(shown)
    assert page.title() == "my_model does not conform: hear-validate"
    finding = page.locator("#finding-T11")
    text = finding.inner_text()
    for words in ("Seen", "centred 31.7 ms before it", "Expected", "Fix", "half the window"):
        assert words in text
    assert "get_timestamp_embeddings" in text
    finding.get_by_text("Reproduce it in Python").click()
    assert "import my_model as submission" in finding.locator("pre").inner_text()


def test_a_snippet_is_copied(shown: str, open_page: Open) -> None:
    page = open_page(shown, permissions=["clipboard-read", "clipboard-write"])
    finding = page.locator("#finding-T11")
    finding.get_by_text("Reproduce it in Python").click()
    finding.get_by_role("button", name="Copy").click()
    finding.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == finding.locator("pre").inner_text()


def test_findings_and_checks_are_filtered_by_a_click(shown: str, open_page: Open) -> None:
    page = open_page(shown)
    everything = ids(page, "checks")
    assert ids(page, "findings") == ["finding-T11", "finding-T08"]
    page.get_by_role("radio", name="failed").click()
    assert ids(page, "findings") == ["finding-T11"]
    assert ids(page, "checks") == ["check-T11"]
    assert "1 of 2 findings" in page.locator(".shown").inner_text()
    page.get_by_role("radio", name="all").click()
    assert ids(page, "checks") == everything
    page.get_by_label("Family").select_option("repeatability")
    family = [check.id for check in CATALOGUE if check.id.startswith("R")]
    assert ids(page, "checks") == [f"check-{id_}" for id_ in family]
    assert ids(page, "findings") == []
    assert page.get_by_text("No finding matches the filter.").is_visible()


def test_findings_and_checks_are_filtered_by_keyboard(shown: str, open_page: Open) -> None:
    page = open_page(shown)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    while page.evaluate("document.activeElement.name") != "status":
        page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement.nextElementSibling).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("ArrowRight")
    assert ids(page, "checks") == ["check-T11"]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("begin END")
    assert ids(page, "findings") == ["finding-T08"]
    page.keyboard.press("Enter")
    assert ids(page, "findings") == ["finding-T08"]


@pytest.mark.parametrize("width", [360, 768])
def test_a_small_screen_scrolls_downwards_only(shown: str, open_page: Open, width: int) -> None:
    page = open_page(shown, viewport={"width": width, "height": 740})
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_dark_and_light_follow_the_reader(shown: str, open_page: Open) -> None:
    page = open_page(shown)
    colours = (
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,"
        " getComputedStyle(document.querySelector('#centring svg text')).fill]"
    )
    page.emulate_media(color_scheme="light")
    light = page.evaluate(colours)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(colours)
    assert all(one != other for one, other in zip(light, dark, strict=True))


CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const over = (colours) => {
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => rgb.map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const found = [];
  for (const element of document.querySelectorAll('body *:not(script, svg, svg *)')) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const behind = [];
    for (let e = element; e; e = e.parentElement) {
      behind.unshift(getComputedStyle(e).backgroundColor);
    }
    const below = luminance(over(behind));
    const above = luminance(over([...behind, getComputedStyle(element).color]));
    const ratio = (Math.max(above, below) + 0.05) / (Math.min(above, below) + 0.05);
    if (ratio < 4.5) found.push([element.textContent.trim().slice(0, 40), ratio]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast(report: Report, open_page: Open, scheme: str) -> None:
    page = open_page(RENDERERS["html"](report), color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []


def test_the_page_has_landmarks_and_names_for_everything(shown: str, open_page: Open) -> None:
    page = open_page(shown)
    for role in ("banner", "navigation", "main", "search", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    for control in page.locator("input, select, button, [role=region], svg").all():
        if control.is_visible():
            name = control.evaluate(
                "e => e.getAttribute('aria-label') || e.textContent || e.labels?.[0]?.textContent"
            )
            assert name.strip(), control.evaluate("e => e.outerHTML")


@pytest.mark.parametrize("scripts", [True, False])
def test_paper_shows_everything_in_light(shown: str, open_page: Open, *, scripts: bool) -> None:
    page = open_page(shown, color_scheme="dark", java_script_enabled=scripts)
    reason = page.locator("#check-T06 details p")
    assert not reason.is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    reason.wait_for()
    page.locator("#finding-T11 pre").wait_for()
    assert not page.locator(".filter").is_visible()
    if scripts:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colour == "rgb(255, 255, 255)"
        page.emulate_media(media="screen")
        reason.wait_for(state="hidden")


def test_without_scripts_everything_is_there(shown: str, open_page: Open) -> None:
    page = open_page(shown, java_script_enabled=False)
    assert page.locator("#checks [data-item]").last.is_visible()
    assert not page.locator(".filter").is_visible()
    assert not page.locator(".copy").first.is_visible()


def test_what_a_submission_says_stays_text(tmp_path: Path, open_page: Open, seen: Seen) -> None:
    raising = f"def get_scene_embeddings(audio, model):\n    raise ValueError({ATTACK!r})\n"
    report = validated(tmp_path, f"from base import *\n{raising}", "O02")
    assert report.counts()[Status.FAILED] == 1
    hostile = replace(
        report, module=ATTACK, weights=ATTACK, file=ATTACK, environment={ATTACK: {ATTACK: ATTACK}}
    )
    page = open_page(RENDERERS["html"](hostile))
    assert ATTACK in page.locator("#finding-O02").inner_text()
    assert ATTACK in page.locator("h1").inner_text()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    assert page.title().startswith(ATTACK)
    assert seen.messages == []
    assert seen.requests == [page.url]
    assert "O03 (" in page.locator("#similarity").inner_text()


def test_a_page_runs_no_script_but_its_own(shown: str, open_page: Open, seen: Seen) -> None:
    """The policy holds even where a text were written unescaped."""
    page = open_page(
        shown.replace("<main", f"{ATTACK}<script>document.title = 'owned'</script><main")
    )
    assert page.title() != "owned"
    refused = " ".join(seen.messages)
    for what in ("Loading the image", "Executing inline event handler", "Executing inline script"):
        assert what in refused


def test_every_status_is_told(report: Report, open_page: Open, seen: Seen) -> None:
    page = open_page(RENDERERS["html"](report))
    for n, status in enumerate(Status, 1):
        row = page.locator(f"#check-X{n:02}")
        assert row.is_visible(), status
        finding = page.locator(f"#finding-X{n:02}").count()
        told = {
            Status.FAILED,
            Status.WARNED,
            Status.EXPECTED,
            Status.BROKEN,
            Status.UNEXPECTED_PASS,
        }
        assert finding == (status in told)
    assert "known, issue 7" in page.locator("#finding-X06").inner_text()
    assert "Traceback" in page.locator("#finding-X08").inner_text()
    assert seen.messages == []


def test_a_run_that_shows_nothing_says_so(open_page: Open) -> None:
    page = open_page(RENDERERS["html"](make_report(Status.SKIPPED)))
    assert "nothing is known of them" in page.locator(".lead").inner_text()
    assert page.get_by_text("No check found anything to fix.").is_visible()


def test_submissions_stand_side_by_side(open_page: Open, seen: Seen) -> None:
    good, bad = make_report(Status.PASSED, Status.PASSED), make_report(Status.PASSED, Status.FAILED)
    bad = replace(
        bad,
        results=tuple(
            replace(r, check=g.check) for r, g in zip(bad.results, good.results, strict=True)
        ),
    )
    comparison = Comparison(
        (
            Outcome(Entry("one", "one"), good),
            Outcome(Entry(f"two={ATTACK}", "two", ATTACK), bad),
            Outcome(Entry("gone", "gone"), None, f"there is no module {ATTACK}"),
        )
    )
    page = open_page(as_html(comparison), viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    rows = page.locator("#checks [data-item]")
    assert [row.is_visible() for row in rows.all()] == [False, True]
    assert [cell.inner_text().split("\n")[0] for cell in rows.nth(1).locator("td").all()] == [
        "✓ passed",
        "✕ failed",
        "-",
    ]
    page.get_by_role("radio", name="all").click()
    assert rows.first.is_visible()
    assert ATTACK in page.locator("#figures").inner_text()
    assert (page.locator("img").count(), seen.messages) == (0, [])
