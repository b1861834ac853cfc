"""A run of distillation is drawn from its log."""

import math
from pathlib import Path

from click.testing import CliRunner

from training.distill import plot
from training.pretrain.plot import read_log

NEEDS = ("matplotlib",)


def test_a_run_is_drawn(tmp_path: Path) -> None:
    columns = ["step", *plot.PANELS]
    # In the first row no crop was heard by the first teacher.
    rows = [columns, ["50", "", *"12345"], ["100", *"654321"]]
    (tmp_path / "log.csv").write_text("\n".join(",".join(row) for row in rows), "utf-8")
    picture = tmp_path / "run.svg"
    done = CliRunner().invoke(plot.main, [str(tmp_path), "--out", str(picture)])
    assert done.exit_code == 0, done.output
    drawn = picture.read_text("utf-8")
    assert all(title in drawn for title in plot.PANELS.values())
    # One that knew no phones, and one that began with its weights.
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, dropped in ((first, "phones"), (second, "")):
        folder.mkdir()
        kept = [k for k, name in enumerate(columns) if name != dropped]
        lines = [",".join(row[k] for k in kept) for row in rows]
        (folder / "log.csv").write_text("\n".join(lines), "utf-8")
    log = plot.joined([read_log(each / "log.csv", {}) for each in (first, second)])
    assert log["step"] == [50, 100, 150, 200]
    assert [math.isnan(x) for x in log["phones"]] == [True, True, False, False]
    done = CliRunner().invoke(plot.main, [str(first), str(second), "--out", str(picture)])
    assert done.exit_code == 0, done.output
    assert "phones, nats" in picture.read_text("utf-8")
    (tmp_path / "log.csv").write_text("step,loss\n50,1\n", "utf-8")
    done = CliRunner().invoke(plot.main, [str(tmp_path), "--out", str(picture)])
    assert done.exit_code == 1
    assert "is no log of a run" in done.output
