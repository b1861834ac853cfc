"""What the README says is so."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import hearbaseline
from validator import validate

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
    for names, _, rate, size, hops, parameters, _ in rows:
        module = importlib.import_module(re.findall(r"`(hearbaseline\.\w+)`", names)[0])
        arguments = dict(re.findall(r'(capacity)="(\w+)"', names))
        model = module.load_model(**arguments)
        assert rate == f"{model.sample_rate} Hz"
        assert size == str(model.timestamp_embedding_size) == str(model.scene_embedding_size)
        assert hops == f"{module.TIMESTAMP_HOP_MS:g} ms, {module.SCENE_HOP_MS:g} ms"
        count = sum(tensor.numel() for tensor in model.state_dict().values())
        assert parameters == f"{count / 1e6:.1f} M"


def test_links_and_pictures_lead_to_files() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert "docs/images/console.svg" in targets
    assert [t for t in targets if not (CHECKOUT / t).is_file()] == []


def test_the_two_commands_can_be_found() -> None:
    for marker in ("main job", "tests"):
        assert re.search(rf"<!-- {marker} -->\n```sh\n[^\n]+\n```", README)
