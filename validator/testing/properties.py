"""Properties that hold for every batch, and the search for a batch where one does not.

Each property raises `PropertyError`, with what was seen and a snippet that reproduces it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np
from hypothesis import HealthCheck, given, settings

from hearkit.api.contract import SHORTEST_CLIP_S, SPACING_TOLERANCE_MS

from ..asking.arranged import Numbers
from ..asking.measure import relative_errors
from ..stimuli import Stimulus
from ..tolerances import BATCH_TOLERANCE, REPEAT_TOLERANCE
from .strategies import CONTENT, audio_batches
from .subject import Subject, load

Property = Callable[[Subject, Stimulus], None]

_ROUNDING_MS = 0.25
"""Timestamps are float32: 20 minutes are 1.2e6 ms, with steps of 1/8 ms."""


class PropertyError(AssertionError):
    """A batch for which a property does not hold.

    Attributes:
        batch: The audio.
        snippet: Python that reproduces it without the tests.

    Examples:
        >>> from validator.stimuli import noise
        >>> from validator.testing import PropertyError
        >>> error = PropertyError("two calls differ", noise(1, 16000), "print(scene(audio, model))")
        >>> error.batch.audio.shape
        (1, 16000)
    """

    def __init__(self, seen: str, batch: Stimulus, snippet: str) -> None:
        super().__init__(f"{seen}\n  audio: {batch.name}\n\n{snippet}")
        self.batch = batch
        self.snippet = snippet


def shapes_follow_the_input(subject: Subject, batch: Stimulus) -> None:
    """An embedding for every sound, and a timestamp for every timestamp embedding.

    Args:
        subject: The submission.
        batch: Audio of shape (n_sounds, n_samples) at the submission's sample rate.

    Raises:
        PropertyError: If that does not hold.

    Examples:
        >>> from validator.testing import hold, load, shapes_follow_the_input
        >>> hold(shapes_follow_the_input, load("hearbaseline"), examples=2)
    """
    n, model = len(batch), subject.model
    scenes, (embeddings, times) = subject.scene(batch), subject.timestamps(batch)
    if scenes.shape != (n, int(model.scene_embedding_size)):
        wanted = f"({n}, {int(model.scene_embedding_size)})"
        line = "print(scene(audio, model).shape)"
        _fail(subject, batch, f"scene embeddings have the shape {scenes.shape}, not {wanted}", line)
    size = int(model.timestamp_embedding_size)
    fits = embeddings.ndim == 3 and embeddings.shape[::2] == (n, size) and embeddings.shape[1] > 0
    if not fits or embeddings.shape[:2] != times.shape:
        _fail(
            subject,
            batch,
            f"timestamp embeddings {embeddings.shape} and timestamps {times.shape} are not "
            f"({n}, n_timestamps, {size}) and ({n}, n_timestamps)",
            "print([x.shape for x in timestamps(audio, model)])",
        )


def embeddings_are_finite(subject: Subject, batch: Stimulus) -> None:
    """No infinity and no NaN, whatever the audio.

    Args:
        subject: The submission.
        batch: Audio of shape (n_sounds, n_samples) at the submission's sample rate.

    Raises:
        PropertyError: If that does not hold.

    Examples:
        >>> from validator.testing import embeddings_are_finite, hold, load
        >>> hold(embeddings_are_finite, load("hearbaseline"), examples=2)
    """
    for function, numbers in _embeddings(subject, batch).items():
        if not np.isfinite(numbers).all():
            bad = int((~np.isfinite(numbers)).sum())
            line = f"print({function}.isfinite().all())"
            _fail(subject, batch, f"{bad} numbers of {numbers.size} are not finite", line)


def timestamps_are_regular_and_inside(subject: Subject, batch: Stimulus) -> None:
    """Timestamps increase, are equally spaced, lie within the audio, and are alike for all sounds.

    Args:
        subject: The submission.
        batch: Audio of shape (n_sounds, n_samples) at the submission's sample rate.

    Raises:
        PropertyError: If that does not hold.

    Examples:
        >>> from validator.testing import hold, load, timestamps_are_regular_and_inside
        >>> hold(timestamps_are_regular_and_inside, load("hearbaseline"), examples=2)
    """
    times = np.asarray(subject.timestamps(batch)[1], np.float64)
    end = 1000 * batch.n_samples / subject.sample_rate
    steps = np.diff(times, axis=1)
    problems = {
        "timestamps are not the same for all sounds": not (times == times[:1]).all(),
        "timestamps do not increase": steps.size > 0 and not steps.min() > 0,
        "intervals differ from their mean by more than 1 ms": steps.size > 0
        and not np.abs(steps - steps.mean()).max() <= SPACING_TOLERANCE_MS,
        f"timestamps reach from {times.min():.6g} to {times.max():.6g} ms, the audio from 0 to "
        f"{end:.6g} ms": not (times.min() >= -_ROUNDING_MS and times.max() <= end + _ROUNDING_MS),
    }
    for seen, is_so in problems.items():
        if is_so:
            _fail(subject, batch, seen, "print(timestamps(audio, model)[1])")


def repeated_calls_agree(subject: Subject, batch: Stimulus) -> None:
    """The same audio has the same embeddings each time.

    Args:
        subject: The submission.
        batch: Audio of shape (n_sounds, n_samples) at the submission's sample rate.

    Raises:
        PropertyError: If that does not hold.

    Examples:
        >>> from validator.testing import hold, load, repeated_calls_agree
        >>> hold(repeated_calls_agree, load("hearbaseline"), examples=2)
    """
    first, again = _embeddings(subject, batch), _embeddings(subject, batch)
    for function, numbers in first.items():
        _agree(
            subject, batch, numbers, again[function], REPEAT_TOLERANCE,
            "two calls differ", f"print(abs({function} - {function}).max())",
        )  # fmt: skip


def each_sound_is_embedded_alone(subject: Subject, batch: Stimulus) -> None:
    """A sound has the same embeddings alone as in a batch, at every position.

    Args:
        subject: The submission.
        batch: Audio of shape (n_sounds, n_samples) at the submission's sample rate.

    Raises:
        PropertyError: If that does not hold.

    Examples:
        >>> from validator.testing import each_sound_is_embedded_alone, hold, load
        >>> hold(each_sound_is_embedded_alone, load("hearbaseline"), examples=2)
    """
    together = _embeddings(subject, batch)
    for k in range(len(batch)):
        for function, alone in _embeddings(subject, batch.pick(k)).items():
            one = function.replace("audio", f"audio[{k}:{k + 1}]")
            _agree(
                subject, batch, alone, together[function][k : k + 1], BATCH_TOLERANCE,
                f"sound {k} alone and in the batch differ",
                f"print(abs({one} - {function}[{k}:{k + 1}]).max())",
            )  # fmt: skip


def order_does_not_matter(subject: Subject, batch: Stimulus) -> None:
    """A batch in reverse order has the embeddings in reverse order.

    Args:
        subject: The submission.
        batch: Audio of shape (n_sounds, n_samples) at the submission's sample rate.

    Raises:
        PropertyError: If that does not hold.

    Examples:
        >>> from validator.testing import hold, load, order_does_not_matter
        >>> hold(order_does_not_matter, load("hearbaseline"), examples=2)
    """
    there = _embeddings(subject, batch)
    back = _embeddings(subject, batch.pick(*range(len(batch))[::-1]))
    for function, numbers in there.items():
        turned = function.replace("audio", "audio.flip(0)")
        _agree(
            subject, batch, numbers, back[function][::-1], BATCH_TOLERANCE,
            "the batch in reverse order has other embeddings",
            f"print(abs({function} - {turned}.flip(0)).max())",
        )  # fmt: skip


PROPERTIES: tuple[Property, ...] = (
    shapes_follow_the_input,
    embeddings_are_finite,
    timestamps_are_regular_and_inside,
    repeated_calls_agree,
    each_sound_is_embedded_alone,
    order_does_not_matter,
)
"""All of the above; a later one may take for granted that the earlier ones hold."""


def hold(
    property_: Property,
    subject: Subject,
    *,
    examples: int = 25,
    n_sounds: tuple[int, int] = (1, 4),
    seconds: tuple[float, float] = (SHORTEST_CLIP_S, 3.0),
    content: Sequence[str] = CONTENT,
) -> None:
    """Search for a batch for which a property does not hold, and shrink it.

    Args:
        property_: A function that raises AssertionError if the property does not hold.
        subject: The submission.
        examples: Number of batches to try.
        n_sounds: As for `audio_batches`.
        seconds: As for `audio_batches`.
        content: As for `audio_batches`.

    Raises:
        PropertyError: For the smallest batch that was found. Other errors of the property or the
            submission are raised too.

    Examples:
        >>> from validator.testing import embeddings_are_finite, hold, load
        >>> hold(embeddings_are_finite, load("hearbaseline"), examples=3, seconds=(1.0, 1.1))
    """
    batches = audio_batches(
        subject.sample_rate, n_sounds=n_sounds, seconds=seconds, content=content
    )

    # Models are slow, and the same batches each time make a failure in CI one at home.
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(batches)
    def look(batch: Stimulus) -> None:
        property_(subject, batch)

    look()


class Properties:
    """All properties as pytest tests: subclass it and name the submission.

    Attributes:
        module: Name of the module.
        weights: Path of the checkpoint, if there is one.
        examples: Number of batches that each test tries.

    Examples:
        >>> from validator.testing import Properties
        >>> class TestMyModel(Properties):
        ...     module, weights = "my_module", "weights.pt"
    """

    module: str
    weights: str | None = None
    examples: int = 25

    def test_shapes_follow_the_input(self) -> None:
        """See `shapes_follow_the_input`."""
        self._hold(shapes_follow_the_input)

    def test_embeddings_are_finite(self) -> None:
        """See `embeddings_are_finite`."""
        self._hold(embeddings_are_finite)

    def test_timestamps_are_regular_and_inside(self) -> None:
        """See `timestamps_are_regular_and_inside`."""
        self._hold(timestamps_are_regular_and_inside)

    def test_repeated_calls_agree(self) -> None:
        """See `repeated_calls_agree`."""
        self._hold(repeated_calls_agree)

    def test_each_sound_is_embedded_alone(self) -> None:
        """See `each_sound_is_embedded_alone`."""
        self._hold(each_sound_is_embedded_alone)

    def test_order_does_not_matter(self) -> None:
        """See `order_does_not_matter`."""
        self._hold(order_does_not_matter)

    def _hold(self, property_: Property) -> None:
        hold(property_, load(self.module, self.weights), examples=self.examples)


def _embeddings(subject: Subject, batch: Stimulus) -> dict[str, Numbers]:
    """The embeddings by the call that returns them, as a snippet writes it."""
    return {
        "scene(audio, model)": subject.scene(batch),
        "timestamps(audio, model)[0]": subject.timestamps(batch)[0],
    }


def _agree(
    subject: Subject, batch: Stimulus, one: Numbers, other: Numbers, limit: float, what: str,
    line: str,
) -> None:  # fmt: skip
    error = float(relative_errors(one, other).max())
    if not error <= limit:
        _fail(subject, batch, f"{what}: relative error {error:.3g} (limit {limit:g})", line)


def _fail(subject: Subject, batch: Stimulus, seen: str, line: str) -> NoReturn:
    raise PropertyError(seen, batch, subject.snippet(line, batch))
