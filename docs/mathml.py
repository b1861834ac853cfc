"""Formulas of the site: `math` blocks become MathML, which browsers draw without a script."""

from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig


def on_config(config: MkDocsConfig) -> None:
    """Let the extension that reads fenced blocks hand those of `math` to us."""
    superfences = config.mdx_configs.setdefault("pymdownx.superfences", {})
    superfences["custom_fences"] = [{"name": "math", "class": "math", "format": _mathml}]


def _mathml(source: str, *_: Any, **__: Any) -> str:
    # The theme lets what has this class scroll on a narrow screen.
    return f'<div class="arithmatex">{convert(source, display="block")}</div>'
