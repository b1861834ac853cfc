"""Both devices give the same numbers."""

from __future__ import annotations

from ...asking.answers import embeddings_of
from ...asking.measure import relative_errors
from ...asking.session import Session
from ...catalogue import Figure, Verdict, check, conforms, inconclusive, violates
from ...stimuli import recorded
from ...tolerances import DEVICE_TOLERANCE
from ._simulated import SIMULATED, moving, on_cpu, on_gpu, simulated
from .placement import follows_to_gpu, leaves_gpu_alone


@check(
    "D05",
    "CPU and GPU agree",
    section="What callers rely on",
    requires=(follows_to_gpu, leaves_gpu_alone),
    fix="Look for half precision or another way of computing that is used on the GPU only.",
)
def cpu_as_gpu(session: Session) -> Verdict:
    """Scores that were computed on one device must hold on the other. The simulated GPU computes
    with the CPU's precision: it reveals different code for the GPU, not different kernels.
    """
    sounds = recorded(session.sample_rate, session.samples(1.0), session.seed)
    if on_gpu(session):
        error = 0.0
        for function, reply in on_cpu(session).items():
            there = embeddings_of(function, reply, sounds)
            here = session.embed(function, sounds)
            error = max(error, float(relative_errors(there, here).max()))
    else:
        trial = simulated(session, "gpu")
        if isinstance(trial, Verdict):
            return inconclusive(trial.seen)
        if trial.error is None:
            return inconclusive("the simulation shows no numbers of the CPU to compare with")
        error = trial.error
    figure = Figure("relative error", error, limit=DEVICE_TOLERANCE)
    if error > DEVICE_TOLERANCE:
        return violates(
            f"embeddings differ between CPU and GPU, relative error {error:.3g}",
            figure,
            expected=f"the same embeddings within {DEVICE_TOLERANCE:g}",
            reproduction=moving(session, "cuda", "print(scene(audio, model))"),
        )
    return conforms("" if on_gpu(session) else SIMULATED, figure)
