"""Render speech with known phones: `python -m training.phones --data DIR`.

espeak-ng says names of countries, languages and months in all languages that it and CLDR know, in
all its voices, and tells when each phone begins. Kept in `DIR/phones`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import babel
import click

from training.phones.espeak import Espeak, EspeakError
from training.phones.kept import write
from training.phones.render import SAMPLE_RATE, Utterance, utterances


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Of the corpus.")
@click.option("--hours", default=6.0, show_default=True, help="Of speech.")
@click.option("--seed", default=0, show_default=True)
def main(data: Path, hours: float, seed: int) -> None:
    """Render speech into DATA/phones."""
    languages: Counter[str] = Counter()

    def enough(spoken: Iterator[Utterance]) -> Iterator[Utterance]:
        left = hours * 3600 * SAMPLE_RATE
        for each in spoken:
            languages[each.language] += 1
            yield each
            left -= len(each.samples)
            if left <= 0:
                return

    try:
        espeak = Espeak()
        made_by = {"espeak-ng": espeak.version(), "Babel": babel.__version__, "seed": seed}
        write(data / "phones", enough(utterances(espeak, seed)), made_by)
    except EspeakError as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"{data / 'phones'}: {hours:g} h, {languages.total()} utterances in "
        f"{len(languages)} languages"
    )
