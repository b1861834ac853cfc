"""Draw runs: `python -m training.distill.plot RUN... --out FILE` plots their `log.csv`.

Several are drawn one after the other, as when each began with the weights of the one before.
"""

from __future__ import annotations

import math
from pathlib import Path

import click

from training.pretrain.plot import draw, read_log

PANELS = {
    "whisper-layer2": "Whisper's layer 2, squared error",
    "whisper-layer6": "Whisper's layer 6",
    "aisfx-frames": "aiSFX",
    "phones": "phones, nats",
    "notes": "notes, nats",
    "onsets": "onsets, nats",
}


@click.command()
@click.argument("runs", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="SVG, PNG or PDF.")
def main(runs: tuple[Path, ...], out: Path) -> None:
    """Draw the logs of RUNS, each the --out of `python -m training.distill`."""
    always = {name: title for name, title in PANELS.items() if name != "phones"}
    try:
        draw(joined([read_log(run / "log.csv", always) for run in runs]), out, PANELS)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


def joined(logs: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    """Logs one after the other: steps go on, and what a run did not learn has no number."""
    whole: dict[str, list[float]] = {name: [] for name in ("step", *PANELS)}
    for log in logs:
        done = whole["step"][-1] if whole["step"] else 0
        whole["step"] += [done + step for step in log["step"]]
        for name in PANELS:
            whole[name] += log.get(name) or [math.nan] * len(log["step"])
    return whole


if __name__ == "__main__":
    main()
