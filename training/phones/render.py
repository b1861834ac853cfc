"""Speech with labels: names in many languages, in many voices, and the phone of each frame."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import soxr
from numpy.typing import NDArray

from training.phones.espeak import Espeak, EspeakError, Said
from training.phones.texts import names

SAMPLE_RATE = 16000
FRAME = 320
"""Samples from label to label: 20 ms."""

SECONDS = 5.0
"""What is said at once is longer than this: no crop is."""


@dataclass(frozen=True)
class Utterance:
    """What a voice said.

    Attributes:
        language, variant: Of the voice.
        samples: int16, shape (n_samples,), at 16000 Hz.
        phones: Phone of each frame, shape (n_samples // 320 + 1,); "" where there is none.
    """

    language: str
    variant: str
    samples: NDArray[np.int16]
    phones: list[str]


def utterances(espeak: Espeak, seed: int) -> Iterator[Utterance]:
    """Utterances without end, of languages that are equally likely.

    Args:
        espeak: What says them.
        seed: Of languages, voices, texts and manner.

    Raises:
        EspeakError: If there is no language that both espeak-ng and CLDR have.
    """
    generator = np.random.default_rng(seed)
    # Those in other letters than their own are for texts that were transcribed.
    languages = [language for language in espeak.languages() if "-latn" not in language]
    texts = {language: found for language in languages if (found := names(language))}
    if not texts:
        raise EspeakError("espeak-ng has no language whose names CLDR knows; is it installed?")
    variants = espeak.variants()
    while True:
        language = str(generator.choice(sorted(texts)))
        variant = str(generator.choice(variants))
        words: list[str] = []
        manner = {
            "rate": int(generator.integers(110, 240)),
            "pitch": int(generator.integers(10, 90)),
            "spread": int(generator.integers(10, 90)),
        }
        said = Said(np.zeros(0, np.int16), [])
        while len(said.samples) < SECONDS * espeak.sample_rate:
            words += generator.choice(texts[language], 3).tolist()
            # A comma is a pause, which is not always there between words.
            text = "".join(f"{word}{generator.choice([', ', ' '])}" for word in words)
            said = espeak.say(text, f"{language}+{variant}", **manner)
        # What it has no rules for, it says in English, and tells so by a name in brackets.
        if not any(phone.startswith("(") for _, phone in said.phones):
            yield Utterance(language, variant, *at_16_khz(said, espeak.sample_rate))


def at_16_khz(said: Said, sample_rate: int) -> tuple[NDArray[np.int16], list[str]]:
    """Samples at 16000 Hz, and the phone of each frame of 20 ms."""
    samples: NDArray[np.int16] = soxr.resample(said.samples, sample_rate, SAMPLE_RATE)
    # A mark alone, as of a stop in the throat, belongs to the phone before it.
    phones = [(begin, plain(phone)) for begin, phone in said.phones if plain(phone) or not phone]
    begins = np.array([begin for begin, _ in phones])
    centres = np.arange(len(samples) // FRAME + 1) * (FRAME / SAMPLE_RATE * sample_rate)
    which = np.searchsorted(begins, centres, side="right") - 1
    return samples, [phones[k][1] if k >= 0 else "" for k in which]


def plain(phone: str) -> str:
    """A phone without length, stress, tone and other marks: languages write these differently."""
    marked = unicodedata.normalize("NFD", phone)
    letters = [letter for letter in marked if unicodedata.category(letter) == "Ll"]
    return "".join(letter for letter, _ in groupby(letters))
