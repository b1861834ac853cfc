"""Writes the pictures of pages in `docs/images`: `python docs/screenshots.py`.

Validates a small model whose timestamps are the starts of its windows, scores the baselines on the
task that comes with the tests, and photographs the pages in Chromium.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from hearkit.evaluation import evaluate
from hearkit.evaluation.compare import pairs
from hearkit.evaluation.page import render
from validator import validate
from validator.render import RENDERERS

HERE = Path(__file__).parent
SUBMISSIONS = HERE.parent / "tests" / "submissions"
TASK = HERE.parent / "tests/data/hear_tasks/spoken_digit-1.0.9-small-44100.tar.gz"
SHOTS = {
    "report.png": ({"width": 1180, "height": 1524}, 1),
    "report_phone.png": ({"width": 360, "height": 780}, 2),
    "scores.png": ({"width": 1180, "height": 790}, 1),
}
"""Width and height of the window, and pixels of the picture for each of its own."""


def page() -> str:
    """The page of a run in a folder that holds the model only."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SUBMISSIONS / "base.py", folder)
        shutil.copy(SUBMISSIONS / "bad" / "T11_padded_at_the_end.py", f"{folder}/my_model.py")
        os.chdir(folder)
        report = validate("my_model", pictures=True)
        os.chdir(HERE)
    return RENDERERS["html"](report)


def scores() -> str:
    """The page of all baselines on a real task, by HEAR's protocol."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(TASK, folder)
        results = [
            evaluate(module, tasks=Path(folder), out=Path(folder) / "results")
            for module in ("hearbaseline", "hearbaseline.crepe", "hearbaseline.wav2vec2")
        ]
        return render(results, (), pairs(results))


def photograph(browser: Browser, file: Path, name: str) -> None:
    """One picture, in 256 colours, which is half of the bytes."""
    size, scale = SHOTS[name]
    context = browser.new_context(viewport=size, device_scale_factor=scale)  # type: ignore[arg-type]
    shown = context.new_page()
    shown.goto(file.as_uri())
    picture = Image.open(io.BytesIO(shown.screenshot()))
    picture.convert("RGB").quantize(256).save(HERE / "images" / name, optimize=True)
    context.close()


def main() -> None:
    """Write all."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("screenshots.py: Chromium is missing: apt-get install chromium")
    (HERE / "images").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report, scored = Path(folder) / "report.html", Path(folder) / "scores.html"
        report.write_text(page(), "utf-8")
        scored.write_text(scores(), "utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in SHOTS:
            photograph(browser, scored if name.startswith("scores") else report, name)
        browser.close()


if __name__ == "__main__":
    main()
