"""`python docs/make_images.py` makes the console's picture from a real run."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

CHECKOUT = Path(__file__).parent.parent
COLUMNS = 110
COMMAND = "hear-validate my_model --quiet"


def first_submission_in_seconds() -> str:
    """The README's first submission, with the classic mistake."""
    readme = (CHECKOUT / "README.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert "50.0 *" in code, "the README's first submission has another hop now"
    return str(code).replace("50.0 *", "0.05 *")


def on_a_terminal(command: str, folder: Path) -> str:
    """What a command prints on a terminal, with its colours."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen(
        command.split(), cwd=folder, env=environment, stdout=theirs, stderr=subprocess.DEVNULL
    ):
        os.close(theirs)
        printed = b""
        try:
            while piece := os.read(ours, 4096):
                printed += piece
        except OSError:  # how Linux tells that the other side is closed
            os.close(ours)
    return printed.decode().replace("\r\n", "\n").rstrip()


def picture(command: str, printed: str) -> str:
    """An SVG of a terminal, without the web font that rich would fetch."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.assemble(("$ ", "dim"), command))
    console.print(Text.from_ansi(printed))
    svg = console.export_svg(title="", unique_id="console")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def main() -> None:
    """Write `docs/images/console.svg`."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "my_model.py").write_text(first_submission_in_seconds(), "utf-8")
        printed = on_a_terminal(COMMAND, Path(folder))
    (CHECKOUT / "docs/images/console.svg").write_text(picture(COMMAND, printed), "utf-8")


if __name__ == "__main__":
    main()
