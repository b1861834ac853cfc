"""Draw a run: `python -m training.pretrain.plot OUT --out FILE` plots `log.csv`."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

TEXT, LINE = "#76797d", "#3c7fd0"
"""Both can be told from white and from black: the picture has no background."""

_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "hearbaseline",
    "font.size": 9,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "axes.edgecolor": TEXT,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
}
_PANELS = {
    "contrastive": "contrastive loss, nats",
    "accuracy": "own target is the nearest, share",
    "perplexity": "entries in use, perplexity",
    "spectra": "spectra, mean squared error",
}


def read_log(path: Path, needed: Mapping[str, str] = _PANELS) -> dict[str, list[float]]:
    """The columns of a run's log.

    Args:
        path: `log.csv`.
        needed: Columns that it must have.

    Raises:
        ValueError: If it is no such log, or has no row yet.
        OSError: If it cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"step", *needed} <= set(rows[0]):
        raise ValueError(f"{path}: is no log of a run with at least one row; train further first")
    return {name: [float(row[name] or "nan") for row in rows] for name in rows[0]}


def draw(log: dict[str, list[float]], out: Path, panels: Mapping[str, str] = _PANELS) -> None:
    """Write a panel for each of the loss's parts; as SVG, the same bytes for the same log.

    Args:
        log: What `read_log` returned.
        out: The picture.
        panels: Their titles, by the column that they show.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with mpl.rc_context(_STYLE):
        figure, axes = plt.subplots(1, len(panels), figsize=(2.7 * len(panels), 2.3))
        for panel, (name, title) in zip(axes, panels.items(), strict=True):
            panel.plot(log["step"], log[name], color=LINE, linewidth=1.5)
            panel.set_title(title, fontsize=9)
            panel.set_xlabel("updates")
            panel.spines[["top", "right"]].set_visible(False)
        figure.tight_layout()
        metadata = {"Date": None} if out.suffix == ".svg" else {}
        figure.savefig(out, transparent=True, metadata=metadata)
        plt.close(figure)


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="SVG, PNG or PDF.")
def main(run: Path, out: Path) -> None:
    """Draw the log of RUN, the --out of `python -m training.pretrain`."""
    try:
        draw(read_log(run / "log.csv"), out)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
