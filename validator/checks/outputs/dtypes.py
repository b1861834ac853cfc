"""The dtypes of what is returned."""

from __future__ import annotations

from ...asking.session import TIMESTAMP, Session
from ...asking.snippets import reproduce
from ...catalogue import Spares, Verdict, check, conforms, violates
from .._calls import FUNCTIONS, probe
from .shapes import shapes


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
    dtypes = {f: session.call(f, probe(session)).values[0].dtype for f in FUNCTIONS}
    wrong = [f"{f} returned {dtype}" for f, dtype in dtypes.items() if dtype != "float32"]
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
    dtype = session.call(TIMESTAMP, probe(session)).values[1].dtype
    if dtype != "float32":
        return violates(
            f"timestamps are {dtype}",
            # Half precision keeps no milliseconds, so there is nothing to measure.
            spares=Spares.NOTHING if dtype.endswith("float16") else Spares.EVERYTHING,
            expected="float32",
            reproduction=reproduce(
                "print(timestamps(audio, model)[1].dtype)", audio=probe(session)
            ),
        )
    return conforms()
