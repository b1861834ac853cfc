"""Pages in one file: no network, no fonts or scripts from elsewhere.

Whatever comes from outside is text to the templates, which escape it; a policy in each page lets
nothing run but the page's own script, and nothing be fetched.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .text import printable


def render(
    folder: Path, template: str, filters: Mapping[str, Callable[..., Any]], **context: Any
) -> str:
    """Fill in a template.

    Args:
        folder: Folder of the template, and of the `style.css` and `script.js` of its pages.
        template: File name of the template.
        filters: Its filters, by name.
        context: Its variables.
    """
    # Imported here: commands that draw nothing do without.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.filters |= filters
    script = (folder / "script.js").read_text("utf-8")
    return environment.get_template(template).render(
        style=Markup((folder / "style.css").read_text("utf-8")),
        script=Markup(script),
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        **context,
    )


def _finalized(value: object) -> object:
    """Text without control characters; what is markup already is ours."""
    return printable(value) if type(value) is str else value
