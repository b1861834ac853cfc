"""A run of distillation is drawn from its log."""

from pathlib import Path

from click.testing import CliRunner

from training.distill import plot

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
    (tmp_path / "log.csv").write_text("step,loss\n50,1\n", "utf-8")
    done = CliRunner().invoke(plot.main, [str(tmp_path), "--out", str(picture)])
    assert done.exit_code == 1
    assert "is no log of a run" in done.output
