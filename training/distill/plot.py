"""Draw a run: `python -m training.distill.plot OUT --out FILE` plots `log.csv`."""

from __future__ import annotations

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
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="SVG, PNG or PDF.")
def main(run: Path, out: Path) -> None:
    """Draw the log of RUN, the --out of `python -m training.distill`."""
    try:
        draw(read_log(run / "log.csv", PANELS), out, PANELS)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
