"""Pictures of what checks measured: timestamps, centring, errors in a batch, time and memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from ...checks.repeatability.batches import BatchErrors
from ...checks.timestamps.centring import Centring
from ...checks.timestamps.units import Grid, Grids
from ...report import Result
from ...words import counted
from .drawing import ACCENT, BAD, INK, MUTED, RULE, SECOND, figure, svg
from .picture import Picture

Results = Mapping[str, Result]
"""What became of the checks, by id."""

Evidence = TypeVar("Evidence")

_ROUNDING_MS = 0.25
_EDGE_HOPS = 6
_LEAST_EDGE_MS = 30.0
_STROKES = 800

_TOP = 0.68
"""Share of the height that the responses take; the legend stands above."""


def timestamp_grid(results: Results) -> Picture:
    """Timestamps of sounds of several lengths, whole and around the end."""
    name, title = "timestamp-grid", "Timestamps against the length of the audio"
    found = _first(results, Grids, "T06", "T01")
    if found is None:
        return Picture(name, title, _why_not(results, "T01"))
    grids = sorted(found.grids, key=lambda grid: grid.duration_ms)
    if not all(np.isfinite(grid.times_ms).all() for grid in grids):
        return Picture(name, title, "Some timestamps are not finite.")
    length, times = grids[-1].duration_ms, grids[-1].times_ms
    hop = float(np.ptp(times)) / (len(times) - 1) if len(times) > 1 else 0.0
    edge = min(max(_EDGE_HOPS * hop, _LEAST_EDGE_MS), length)
    with figure(360, 350) as drawn:
        axes = drawn.subplot_mosaic([["whole", "whole"], ["begin", "end"]], height_ratios=(5, 4))
        _grids(axes["whole"], grids, (-0.02 * length, 1.04 * length))
        axes["whole"].set(title="whole sounds", xlabel="ms")
        _grids(axes["begin"], grids, (-edge / 3, edge))
        axes["begin"].set(title="the beginning", xlabel="ms from the start")
        _grids(axes["end"], grids, (-edge, edge / 3), from_end=True)
        axes["end"].set(title="the end", xlabel="ms from the end")
        axes["end"].set_yticklabels([])
    said = [
        f"{grid.duration_ms / 1000:.3g} s: {len(grid.times_ms)} timestamps from "
        f"{grid.times_ms[0]:.5g} to {grid.times_ms[-1]:.6g} ms"
        for grid in grids
    ]
    caption = (
        f"Bars are audio, strokes are timestamps; in red, those outside the audio. The hop is "
        f"{hop:.4g} ms. " + "; ".join(said) + "."
    )
    return Picture(name, title, caption, (svg(drawn, name, title),))


def _grids(
    axes: Axes, grids: Sequence[Grid], shown: tuple[float, float], *, from_end: bool = False
) -> None:
    """Bars of audio with strokes at the timestamps, between two times in ms."""
    axes.set_xlim(*shown)
    for row, grid in enumerate(grids):
        length, times = grid.duration_ms, grid.times_ms
        origin = length if from_end else 0.0
        axes.broken_barh([(-origin, length)], (row - 0.38, 0.76), color=RULE, alpha=0.45)
        outside = (times < -_ROUNDING_MS) | (times > length + _ROUNDING_MS)
        for chosen, colour in ((times[~outside], ACCENT), (times[outside], BAD)):
            at = chosen - origin
            at = at[(at >= shown[0]) & (at <= shown[1])]
            # Strokes nearer than a pixel are one, and all are one line with gaps.
            _, first = np.unique(np.round(at * _STROKES / np.ptp(shown)), return_index=True)
            at = at[first]
            x, y = np.repeat(at, 3), np.tile([row - 0.28, row + 0.28, np.nan], len(at))
            axes.plot(x, y, color=colour, linewidth=0.9)
    axes.set_yticks(range(len(grids)), [f"{grid.duration_ms / 1000:.3g} s" for grid in grids])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _first(results: Results, kind: type[Evidence], *ids: str) -> Evidence | None:
    """The evidence of the first of these checks that kept some of this kind."""
    for id_ in ids:
        result = results.get(id_)
        if result and result.verdict and isinstance(result.verdict.evidence, kind):
            return result.verdict.evidence
    return None


def _why_not(results: Results, id_: str) -> str:
    """Why a check measured nothing."""
    result = results.get(id_)
    if result is None:
        return f"there is no check {id_}."
    why = result.verdict.seen if result.verdict else result.why.partition("\n")[0]
    return f"{id_} ({result.check.title}) measured nothing: {why or result.status.value}."


_SHOWN_BURSTS = 2
_COLUMNS = 600


def centring(results: Results) -> Picture:
    """The audio with bursts, what moved when they were added, and where its centre lies."""
    name, title = "centring", "Where the embeddings look: bursts added to quiet speech"
    found = _first(results, Centring, "T11", "T10", "T12")
    if found is None:
        return Picture(name, title, _why_not(results, "T11"))
    group = found.beginning
    bursts, times = group.bursts_ms / 1000, found.times_ms / 1000
    until = float(bursts[_SHOWN_BURSTS - 1]) + 0.9
    with figure(360, 350) as drawn:
        sound, moved, folded = drawn.subplots(3, 1, height_ratios=(3, 3, 5))
        _waveform(sound, group.loud.audio[0], found.sample_rate, until)
        sound.set(title="audio with bursts", xlim=(0, until), yticks=[], xticklabels=[])
        seen = times <= until
        moved.fill_between(times[seen], group.change[seen], color=ACCENT, alpha=0.25, lw=0)
        moved.plot(times[seen], group.change[seen], color=ACCENT)
        moved.set(title="how far each embedding moved", xlim=(0, until), xlabel="s", ylim=0)
        moved.set_yticks([])
        for axes in (sound, moved):
            for burst in bursts[:_SHOWN_BURSTS]:
                axes.axvline(burst, color=SECOND, linestyle=(0, (3, 2)), linewidth=1)
        said = _folded(folded, found)
    caption = (
        f"Bursts (dashed) stand at {', '.join(f'{b:.2f}' for b in bursts)} s. Below, the "
        f"embeddings' moves around all bursts laid over one another, by timestamp minus burst. "
        f"{said}"
    )
    return Picture(name, title, caption, (svg(drawn, name, title),))


def _waveform(axes: Axes, audio: NDArray[np.float32], rate: int, until_s: float) -> None:
    """The envelope: the least and the greatest sample of each column."""
    shown = audio[: int(until_s * rate)]
    columns = shown[: len(shown) // _COLUMNS * _COLUMNS].reshape(_COLUMNS, -1)
    middle = (np.arange(_COLUMNS) + 0.5) * columns.shape[1] / rate
    axes.fill_between(middle, columns.min(1), columns.max(1), color=INK, lw=0.3, edgecolor=INK)


def _folded(axes: Axes, found: Centring) -> str:
    """Both responses around the bursts, with the centre; returns it in words."""
    first, end = found.beginning.response, found.end.response
    offsets, response = first.offsets_ms, first.change
    high = offsets[response >= 0.1] if (response >= 0.1).any() else offsets
    reach = float(np.clip(1.6 * np.abs(high).max(initial=0.0), 30.0, 1000.0))
    axes.plot(
        end.offsets_ms,
        end.change,
        color=MUTED,
        linewidth=1,
        linestyle=(0, (1, 1.5)),
        label="near the end",
    )
    axes.plot(offsets, response, color=ACCENT, marker=".", ms=3, label="near the beginning")
    axes.axvline(0, color=SECOND, linestyle=(0, (3, 2)), linewidth=1, label="burst", ymax=_TOP)
    axes.set(title="around the burst", xlabel="timestamp minus burst, ms", xlim=(-reach, reach))
    axes.set(yticks=[0, 0.5, 1], ylim=(0, 1.6))
    said = "The centre could not be measured."
    if found.centre_ms is not None:
        centre, tolerance = found.centre_ms, found.tolerance_ms
        inside = abs(centre) <= tolerance
        axes.axvspan(-tolerance, tolerance, color=RULE, alpha=0.4, linewidth=0, ymax=_TOP)
        axes.axvline(centre, color=INK if inside else BAD, linewidth=1.6, label="centre", ymax=_TOP)
        said = (
            f"Its centre lies {_rounded(centre)} ms from the burst; {tolerance:.3g} ms either way "
            "(the shaded band) is accepted."
        )
    axes.legend(loc="upper center", ncols=2)
    return said


def _rounded(number: float) -> str:
    """Rounding errors of a measurement are zero to a reader."""
    return f"{number:.3g}" if abs(number) >= 5e-3 else "0"


_LEAST_ERROR, _MOST_ERROR = 1e-9, 1e2


def batch_errors(results: Results) -> Picture:
    """Relative error of each position of a batch, against the sound alone."""
    name, title = "batch-errors", "Alone against in a batch"
    found = _first(results, BatchErrors, "R03")
    if found is None:
        return Picture(name, title, _why_not(results, "R03"))
    limit = found.limit
    with figure(360, 290) as drawn:
        axes = drawn.subplots()
        axes.set(yscale="log", ylim=(_LEAST_ERROR / 3, _MOST_ERROR), ylabel="relative error")
        most = max(len(errors) for errors in found.by_function.values())
        markers = {"get_timestamp_embeddings": ("o", ACCENT), "get_scene_embeddings": ("D", SECOND)}
        for n, (function, errors) in enumerate(found.by_function.items()):
            marker, colour = markers[function]
            at = np.arange(len(errors)) + 0.16 * n - 0.08
            shown = np.clip(errors, _LEAST_ERROR, _MOST_ERROR)
            axes.vlines(at, _LEAST_ERROR / 3, shown, colour, linewidth=1, alpha=0.5)
            axes.plot(at, shown, marker, color=colour, ms=5, label=function, clip_on=False)
        axes.axhline(limit, color=BAD, linestyle=(0, (4, 2)), linewidth=1.2)
        axes.text(most - 0.5, limit * 1.5, f"tolerance {limit:g}", color=BAD, ha="right", size=9.5)
        axes.set(xlabel="position in the batch", xticks=range(most), xlim=(-0.5, most - 0.5))
        ticks = [_LEAST_ERROR, 1e-7, 1e-5, 1e-3, 1e-1, 10]
        axes.set_yticks(ticks, ["0", "10⁻⁷", "10⁻⁵", "10⁻³", "0.1", "10"])
        axes.yaxis.set_minor_locator(NullLocator())
        axes.legend(loc="upper left", ncols=2, handletextpad=0.2, columnspacing=1)
    said = "; ".join(
        f"{function}: at most {errors.max():.3g}" for function, errors in found.by_function.items()
    )
    caption = (
        f"Each recording embedded alone and among the others, by its position. {said}. Beyond "
        f"{limit:g} (dashed) the embedding depends on its neighbours."
    )
    return Picture(name, title, caption, (svg(drawn, name, title),))


def cost(results: Results) -> Picture:
    """Seconds and memory of each check that ran."""
    name, title = "cost", "Time and memory of each check"
    ran = [r for r in results.values() if r.seconds or r.peak_bytes]
    if not ran:
        return Picture(name, title, "No check ran.")
    at = np.arange(len(ran))
    seconds = np.array([r.seconds for r in ran])
    memory = np.array([(r.peak_bytes or 0) / 1e6 for r in ran])
    with figure(940, 290) as drawn:
        time, space = drawn.subplots(2, 1, sharex=True)
        time.bar(at, seconds, 0.72, color=ACCENT)
        time.set(title="seconds", xlim=(-0.8, len(ran) - 0.2))
        space.bar(at, memory, 0.72, color=SECOND)
        space.set(title="highest resident memory of the submission, MB")
        space.set_xticks(at, [r.check.id for r in ran], rotation=90, size=9)
        for axes in (time, space):
            axes.tick_params(axis="x", length=0)
            axes.yaxis.grid(visible=True, color=RULE, linewidth=0.5)
            axes.set_axisbelow(True)
    slowest = sorted(ran, key=lambda r: -r.seconds)[:3]
    caption = (
        f"{seconds.sum():.1f} s in {counted(len(ran), 'check')}; the longest: "
        + ", ".join(f"{r.check.id} {r.seconds:.1f} s" for r in slowest)
        + "."
    )
    if memory.any():
        worst = ran[int(memory.argmax())]
        caption += f" The most memory was held in {worst.check.id}, {memory.max():.0f} MB."
        caption += " Checks without a bar asked nothing that had not been answered before."
    return Picture(name, title, caption, (svg(drawn, name, title),), "wide")
