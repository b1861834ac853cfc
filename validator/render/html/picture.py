"""What a picture of the page is."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Picture:
    """A picture, or why there is none.

    Attributes:
        id: Its name on the page.
        title: What it shows.
        caption: How to read it, with the numbers.
        drawings: SVG elements; empty where there is nothing to draw.
        layout: `one`, `many` (small ones side by side) or `wide`.
    """

    id: str
    title: str
    caption: str
    drawings: tuple[Markup, ...] = ()
    layout: str = "one"
