"""`python -m benchmarks.draw FILE --out docs/images/speed.svg` draws what `--json` kept.

How many times as fast as their peers the baselines are, by the length of the sounds, a line for
each size of batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._compare import RATIO
from ._tables import Table, load

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT = "#76797d"
COLOURS = {1: "#3c7fd0", 4: "#9a67c7", 8: "#c9527f", 16: "#c2701c", 64: "#28875a"}
"""By the number of sounds. These and the text can be told from white and from black alike, so that
one picture without a background serves light and dark pages."""

_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "hearbaseline",
    "font.size": 9,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
}

_PANEL = (3.1, 2.3)
"""Inches."""

Lines = dict[int, list[tuple[float, float]]]
"""Seconds of each sound and times as fast, by the number of sounds."""


def lines(table: Table) -> Lines:
    """What is to be drawn of a table, shorter sounds first."""
    found: Lines = {}
    for row in table.rows:
        sounds, seconds, ratio = (row[name] for name in ("sounds", "s each", RATIO))
        assert isinstance(sounds, int)
        assert isinstance(seconds, (int, float))
        assert isinstance(ratio, (int, float))
        found.setdefault(sounds, []).append((seconds, ratio))
    return {sounds: sorted(points) for sounds, points in sorted(found.items())}


def draw(tables: Sequence[Table], out: Path) -> None:
    """Write a panel for each table that compares; as SVG, the same bytes for the same figures.

    Raises:
        ValueError: If no table compares.
    """
    compared = [table for table in tables if RATIO in table.rows[0]]
    if not compared:
        raise ValueError(f"nothing to draw: no table has a column {RATIO!r}")
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with mpl.rc_context(_STYLE):
        size = (_PANEL[0] * len(compared), _PANEL[1])
        figure, axes = plt.subplots(1, len(compared), figsize=size, squeeze=False)
        for panel, table in zip(axes[0], compared, strict=True):
            _panel(panel, table)
        axes[0, 0].set_ylabel(RATIO)
        figure.tight_layout()
        figure.savefig(
            out, transparent=True, metadata={"Date": None} if out.suffix == ".svg" else {}
        )
        plt.close(figure)


def _panel(axes: Axes, table: Table) -> None:
    title, _, peer = table.title.partition(":")[0].partition(", next to ")
    axes.set_title(f"{title}\nnext to {peer}", fontsize=9, color=TEXT)
    axes.axhline(1, color=TEXT, linewidth=0.8, linestyle=":")
    for sounds, points in lines(table).items():
        seconds, ratios = zip(*points, strict=True)
        label = f"{sounds} sound{'s' if sounds > 1 else ''}"
        axes.plot(
            seconds, ratios, "o-", markersize=4, linewidth=1.6, color=COLOURS[sounds], label=label
        )
    axes.set_xscale("log")
    times = sorted({row["s each"] for row in table.rows if isinstance(row["s each"], (int, float))})
    axes.set_xticks(times, [_length(seconds) for seconds in times])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("length of each sound")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(TEXT)
    axes.tick_params(length=3)
    axes.legend(frameon=False, fontsize=8, labelspacing=0.2)


def _length(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 60 else f"{seconds / 60:g} min"


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The picture's file.")
def main(file: Path, out: Path) -> None:
    """Draw the comparisons of a run that FILE holds."""
    _, tables = load(file)
    try:
        draw(tables, out)
    except ValueError as error:
        raise click.ClickException(f"{file}: {error}") from error


if __name__ == "__main__":
    main()
