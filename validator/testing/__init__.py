"""Property tests of a submission with Hypothesis, for participants' own test suites.

All properties of this module, as pytest tests:

    from validator.testing import Properties

    class TestMyModel(Properties):
        module, weights = "my_module", "weights.pt"

A property of your own is a function of a `Subject` and a batch. It raises AssertionError where the
property does not hold:

    from validator.testing import hold, load

    def louder_is_larger(subject, batch): ...

    def test_louder_is_larger():
        hold(louder_is_larger, load("my_module", "weights.pt"))
"""

from __future__ import annotations

try:
    import hypothesis as _  # noqa: F401
except ImportError:
    raise ImportError(
        "validator.testing needs Hypothesis: pip install 'hearbaseline[testing]'"
    ) from None

from .properties import (
    PROPERTIES,
    Properties,
    Property,
    PropertyError,
    each_sound_is_embedded_alone,
    embeddings_are_finite,
    hold,
    order_does_not_matter,
    repeated_calls_agree,
    shapes_follow_the_input,
    timestamps_are_regular_and_inside,
)
from .strategies import CONTENT, audio_batches
from .subject import Subject, load

__all__ = [
    "CONTENT",
    "PROPERTIES",
    "Properties",
    "Property",
    "PropertyError",
    "Subject",
    "audio_batches",
    "each_sound_is_embedded_alone",
    "embeddings_are_finite",
    "hold",
    "load",
    "order_does_not_matter",
    "repeated_calls_agree",
    "shapes_follow_the_input",
    "timestamps_are_regular_and_inside",
]
