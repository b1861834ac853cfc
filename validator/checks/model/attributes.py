"""The numbers that callers read from the model."""

from __future__ import annotations

from dataclasses import dataclass

from hearkit.api.contract import (
    SAMPLE_RATES,
)
from hearkit.api.facts import Attribute

from ...asking.session import LARGEST, Session
from ...asking.snippets import reproduce
from ...catalogue import Spares, Verdict, check, conforms, violates
from ..interface.loading import is_model

_SIZES = ("scene_embedding_size", "timestamp_embedding_size")


@dataclass(frozen=True)
class SampleRate:
    """What M01 read, in Hz."""

    hz: int


@dataclass(frozen=True)
class EmbeddingSizes:
    """What M02 read: how many numbers an embedding of each function has."""

    scene: int
    timestamp: int


@check(
    "M01",
    "sample_rate is one of the benchmark's",
    section="load_model",
    requires=(is_model,),
    fix="Set model.sample_rate to the rate in Hz, an int, that the model was made for.",
    behavioural=False,
)
def sample_rate(session: Session) -> Verdict:
    """The benchmark's audio exists at five sample rates, in a folder for each; the model's
    attribute selects the folder. A submission does not resample.
    """
    seen = session.facts().attributes["sample_rate"]
    if seen.number is None or not seen.integral or seen.number not in SAMPLE_RATES:
        return violates(
            _described("sample_rate", seen),
            expected=f"an int, one of {', '.join(map(str, SAMPLE_RATES))} (Hz)",
            hint=_rate_hint(seen),
            reproduction=reproduce("print(repr(model.sample_rate))"),
            # 16000.0 names no folder, but is plainly meant.
            spares=Spares.EVERYTHING if seen.number in SAMPLE_RATES else Spares.NOTHING,
        )
    return conforms(f"{seen.text} Hz", evidence=SampleRate(int(seen.number)))


@check(
    "M02",
    "the embedding sizes are positive Python ints",
    section="load_model",
    requires=(is_model,),
    fix="Set scene_embedding_size and timestamp_embedding_size to ints: int(x), len(x) or "
    "tensor.shape[-1].",
    behavioural=False,
)
def embedding_sizes(session: Session) -> Verdict:
    """The evaluation builds its classifiers from these two numbers before it sees an
    embedding.
    """
    attributes = session.facts().attributes
    wrong = [
        _described(name, attributes[name])
        for name in _SIZES
        if not attributes[name].present
        or not attributes[name].python_int
        or not 1 <= (attributes[name].number or 0) <= LARGEST
    ]
    if wrong:
        return violates(
            "; ".join(wrong),
            expected="a positive int for scene_embedding_size and timestamp_embedding_size",
            reproduction=reproduce(*(f"print(repr(model.{name}))" for name in _SIZES)),
            spares=Spares.EVERYTHING,  # embeddings show their size
        )
    return conforms(
        ", ".join(f"{name} {attributes[name].text}" for name in _SIZES),
        evidence=EmbeddingSizes(*(int(attributes[name].number or 0) for name in _SIZES)),
    )


def _described(name: str, seen: Attribute) -> str:
    if not seen.present:
        return f"the model has no {name}"
    return f"{name} is {seen.text} (a {seen.type})"


def _rate_hint(seen: Attribute) -> str:
    number = seen.number
    if seen.type == "method":
        return "Make it a property or a plain attribute: it is read, not called."
    if seen.type == "str":
        return "Write a number, without quotation marks."
    if number is not None and number * 1000 in SAMPLE_RATES:
        return f"This looks like kHz: write {int(number * 1000)}."
    if number in SAMPLE_RATES:
        return f"Write int({seen.text}): the rate names the folder of the audio."
    return ""
