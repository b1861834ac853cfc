"""Fresh virtual environments that need no network and no second copy of PyTorch."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent


def fresh_environment(folder: Path) -> Path:
    """A virtual environment that sees what is installed beside the tests.

    PyTorch alone takes minutes and gigabytes to install, so what the environment does not hold
    itself is taken from the one that the tests run in, by a `.pth` file.

    Args:
        folder: Where to make it.

    Returns:
        Its folder of programs.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    shared = [path for path in sys.path if Path(path).name == "site-packages"]
    (packages,) = folder.glob("lib/python*/site-packages")
    # `addsitedir` follows the .pth files found there in turn, such as those of editable installs.
    lines = [f"import site; site.addsitedir({path!r})\n" for path in shared]
    (packages / "shared.pth").write_text("".join(lines))
    return folder / "bin"


def variables(programs: Path, **more: str) -> dict[str, str]:
    """The environment variables in which an environment's programs come first.

    pip installs without network: what a package depends on is there already.
    """
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return {
        **inherited,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        # The option is a negation: "no" means that the build is not isolated.
        "PIP_NO_BUILD_ISOLATION": "no",
        **more,
    }


def program(
    programs: Path, *command: str | Path, cwd: Path, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a program of an environment; what it prints is in the result."""
    return subprocess.run(
        [programs / command[0], *command[1:]],
        cwd=cwd,
        env=variables(programs, **more),
        capture_output=True,
        text=True,
    )
