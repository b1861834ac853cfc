"""Matplotlib figures as SVG that belongs to the page: its colours, its font, ids of its own."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

INK, MUTED, RULE = "#010203", "#010204", "#010205"
ACCENT, SECOND, BAD, GOOD = "#010206", "#010207", "#010208", "#010209"

_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    ACCENT: "accent",
    SECOND: "second",
    BAD: "bad",
    GOOD: "good",
}
"""Matplotlib draws with colours that no picture uses; each becomes the page's CSS variable of
this name, so that pictures follow light and dark."""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "figure.facecolor": "none",
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.4,
}


@contextmanager
def figure(width: float, height: float) -> Iterator[Figure]:
    """A figure in the page's style.

    Args:
        width: Of the view box, in units of which text is ten high.
        height: Likewise.
    """
    with mpl.rc_context(_STYLE):
        yield Figure(figsize=(width / 72, height / 72), dpi=72, layout="constrained")


def svg(drawn: Figure, name: str, alt: str) -> Markup:
    """The figure as an SVG element.

    Args:
        drawn: The figure.
        name: What sets its ids apart from those of other figures on the page.
        alt: What it shows, for those who do not see it.
    """
    out = io.StringIO()
    with mpl.rc_context(_STYLE | {"svg.hashsalt": name}):
        drawn.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    # A style inside an inline SVG would hold for the whole page.
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), text)
    text = re.sub(r' id="([^"]+)"', rf' id="{name}-\1"', text)
    text = re.sub(r'(xlink:href="#|url\(#)', rf"\1{name}-", text)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    box = re.search(r'viewBox="[\d. ]+"', text)
    assert box is not None
    head = f'<svg {box[0]} role="img" aria-label="{escape(alt)}" class="plot">'
    return Markup(re.sub(r"<svg[^>]*>", lambda _: head, text, count=1))
