"""What the README says is so."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import hearbaseline
from validator import validate

from .hearbaseline.test_baselines import WITHOUT_WEIGHTS

NEEDS = ("torchcrepe",)

CHECKOUT = Path(__file__).parent.parent
README = (CHECKOUT / "README.md").read_text("utf-8")


def test_the_first_submission_has_no_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "my_model.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    report = validate("my_model")
    assert [r.check.id for r in report.results if r.is_finding] == []
    assert report.exit_status == 0


def test_the_table_lists_every_baseline_with_its_figures() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in README.splitlines()
        if line.startswith("| `hearbaseline")
    ]
    listed = {name for row in rows for name in re.findall(r"`(hearbaseline\.\w+)`", row[0])}
    public = {
        f"hearbaseline.{m.name}"
        for m in pkgutil.iter_modules(hearbaseline.__path__)
        if not m.name.startswith("_")
    }
    baselines = {name for name in public if hasattr(importlib.import_module(name), "load_model")}
    assert listed == baselines
    for names, _, rate, size, hops, parameters, speed, probes, weights in rows:
        module = importlib.import_module(re.findall(r"`(hearbaseline\.\w+)`", names)[0])
        assert hops == f"{module.TIMESTAMP_HOP_MS:g} ms, {module.SCENE_HOP_MS:g} ms"
        if module.__name__.removeprefix("hearbaseline.") in WITHOUT_WEIGHTS:
            assert rate == f"{module.SAMPLE_RATE} Hz"
            assert (speed, probes) == ("-", "-")
            assert weights.startswith("yours: ")
            continue
        arguments = dict(re.findall(r'(capacity)="(\w+)"', names))
        model = module.load_model(**arguments)
        assert rate == f"{model.sample_rate} Hz"
        sizes = (model.timestamp_embedding_size, model.scene_embedding_size)
        assert size == ", ".join(map(str, sizes if sizes[0] != sizes[1] else sizes[:1]))
        count = sum(tensor.numel() for tensor in model.state_dict().values())
        assert parameters == f"{count / 1e6:.1f} M"


def figures(document: str, name: str) -> list[str]:
    """The first number of each cell in the row of this name, of a table in Markdown."""
    text = (CHECKOUT / document).read_text("utf-8")
    (row,) = re.findall(rf"^\| {name} \|(.*)\|$", text, re.MULTILINE)
    return [number for cell in row.split("|") for number in re.findall(r"^ ([\d.e+]+)", cell)]


@pytest.mark.parametrize("name", ["mel", "crepe", "wav2vec2", "general"])
def test_speeds_and_scores_are_those_that_were_measured(name: str) -> None:
    row = rf"^\| [^|]*`hearbaseline.{name}` \|.*\| ([\d.]+) \| ([\d., ]+) \| [^|]* \|$"
    ((speed, scores),) = re.findall(row, README, re.MULTILINE)
    assert float(speed) == float(figures("benchmarks/RESULTS.md", name)[0])
    layer = r"wav2vec2 \| 0" if name == "wav2vec2" else rf"{name} \| "
    _, guitar, _, initial, tone, percussion = figures("weights/README.md", layer)
    measured = [f"{float(score):.2f}" for score in (tone, initial, percussion, guitar)]
    assert scores.split(", ") == measured


def test_links_and_pictures_lead_to_files() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert "docs/images/console.svg" in targets
    assert [t for t in targets if not (CHECKOUT / t).is_file()] == []


def test_the_two_commands_can_be_found() -> None:
    for marker in ("main job", "tests"):
        assert re.search(rf"<!-- {marker} -->\n```sh\n[^\n]+\n```", README)
