"""The dtypes of what is returned."""

from __future__ import annotations

from hearkit.api.submission import Value

from ...asking.session import TIMESTAMP, Session
from ...asking.snippets import reproduce
from ...catalogue import Spares, Verdict, check, conforms, violates
from .._calls import FUNCTIONS, probe
from .shapes import shapes


def _is_other(value: Value) -> bool:
    """Whether a tensor or an array has another dtype; lists have none, and are found before."""
    return bool(value.framework) and value.dtype != "float32"


@check(
    "O05",
    "embeddings are float32",
    section="get_timestamp_embeddings",
    requires=(shapes,),
    fix="Convert with .float() (PyTorch) or tf.cast(x, tf.float32) before returning.",
)
def embedding_dtype(session: Session) -> Verdict:
    """The evaluation stores and trains on float32; float16 loses range, and float64 takes twice the
    memory.
    """
    values = {f: session.values(f, probe(session))[0] for f in FUNCTIONS}
    wrong = [f"{f} returned {value.dtype}" for f, value in values.items() if _is_other(value)]
    if wrong:
        return violates(
            "; ".join(wrong),
            spares=Spares.EVERYTHING,  # they are measured as float32
            expected="float32",
            reproduction=reproduce(
                "print(scene(audio, model).dtype, timestamps(audio, model)[0].dtype)",
                audio=probe(session),
            ),
        )
    return conforms()


@check(
    "O06",
    "timestamps are float32",
    section="get_timestamp_embeddings",
    requires=(shapes,),
    fix="Compute timestamps in float64 where hops are fractional, then convert to float32.",
)
def timestamp_dtype(session: Session) -> Verdict:
    """Timestamps are milliseconds as float32; whole numbers cannot hold fractional hops."""
    times = session.values(TIMESTAMP, probe(session))[1]
    if _is_other(times):
        return violates(
            f"timestamps are {times.dtype}",
            spares=Spares.EVERYTHING,  # they are measured as finely as the dtype tells them apart
            expected="float32",
            reproduction=reproduce(
                "print(timestamps(audio, model)[1].dtype)", audio=probe(session)
            ),
        )
    return conforms()
