"""D: results on the audio's device; a GPU used when, and only when, the caller chose it.

On a machine without a GPU, `frameworks.torch_pretence` plays two of them.
"""

from __future__ import annotations

from typing import Any

from hearkit.api.facts import CallFacts
from hearkit.api.requests import Call
from hearkit.api.submission import Reply

from ..asking.answers import embeddings_of
from ..asking.measure import relative_errors
from ..asking.session import Session
from ..asking.snippets import Reproduction, reproduce
from ..catalogue import Figure, Severity, Verdict, check, conforms, inconclusive, violates
from ..stimuli import recorded
from ..tolerances import DEVICE_TOLERANCE
from .outputs import FUNCTIONS, finite, probe

_SIMULATED = "on a simulated GPU"


def _on_gpu(session: Session) -> bool:
    return session.submission.device != "cpu"


def _kind(device: str) -> str:
    """`cuda` for `cuda:1`, `cpu` for TensorFlow's long names."""
    return device.rpartition("/")[2].removeprefix("device:").partition(":")[0].lower() or "cpu"


def _moving(session: Session, device: str, *lines: str) -> Reproduction:
    move = f'model, audio = model.to("{device}"), audio.to("{device}")'
    moves = (move,) if session.framework == "torch" else ()
    return reproduce(*moves, *lines, audio=probe(session))


_PRINT_DEVICES = "print(scene(audio, model).device, [x.device for x in timestamps(audio, model)])"


def _arguments(session: Session) -> dict[str, Any]:
    return {"arguments": list(session.arguments()), "sample_rate": session.sample_rate}


def _simulated(session: Session, mode: str) -> tuple[dict[str, Any], Verdict | None]:
    """What the simulation shows, and a verdict where it does not show that both calls return."""
    if session.framework != "torch":
        return {}, inconclusive("only PyTorch's devices can be simulated")
    facts = session.extended("simulation:simulate", **_arguments(session))[mode]
    if facts["outcome"] == "inconclusive":
        return facts, inconclusive(facts["what"])
    if facts["outcome"] == "violates":
        return facts, violates(
            facts["what"],
            expected=f"model and audio on {facts['device']} give results",
            reproduction=_moving(session, facts["device"], _PRINT_DEVICES),
        )
    return facts, None


@check(
    "D02",
    "the model follows the audio to a GPU",
    section="What callers rely on",
    requires=(finite,),
    mend="Register tensors with register_buffer or as parameters, so that model.to(device) "
    "moves them, and create new ones with device=audio.device.",
)
def follows_to_gpu(session: Session) -> Verdict:
    """The evaluation runs on a GPU. Buffers that are plain attributes stay behind, and
    tensors created on the CPU meet audio that is elsewhere.
    """
    if _on_gpu(session):
        return conforms(f"on {session.submission.device} itself")
    return _simulated(session, "gpu")[1] or conforms(_SIMULATED)


@check(
    "D03",
    "results stay on the GPU",
    severity=Severity.WARNING,
    section="What callers rely on",
    requires=(follows_to_gpu,),
    mend="Return results where they are; callers move them to the CPU themselves.",
)
def results_stay(session: Session) -> Verdict:
    """The evaluation accepts results on the CPU, but a caller that goes on computing on the
    GPU has to move them back.
    """
    if _on_gpu(session):
        devices = {
            f"value {n} of {function}": value.device
            for function in FUNCTIONS
            for n, value in enumerate(session.call(function, probe(session)).values)
        }
    else:
        facts, verdict = _simulated(session, "gpu")
        if verdict:
            return inconclusive(facts.get("what", "") or verdict.seen)
        devices = facts["devices"]
    moved = [what for what, device in devices.items() if _kind(device) == "cpu"]
    if moved:
        where = "a GPU" if _on_gpu(session) else "a (simulated) GPU"
        return violates(
            f"{', '.join(moved)} came back on the CPU for audio on {where}",
            expected="results on the device of the audio",
            reproduction=_moving(session, "cuda", _PRINT_DEVICES),
        )
    return conforms("" if _on_gpu(session) else _SIMULATED)


@check(
    "D04",
    "a GPU is left alone when the caller uses the CPU",
    section="What callers rely on",
    requires=(finite,),
    mend='Remove .cuda(), .to("cuda") and device choices by torch.cuda.is_available(); use '
    "audio.device.",
)
def leaves_gpu_alone(session: Session) -> Verdict:
    """Several published submissions call .cuda() whenever a GPU exists; callers who chose the
    CPU get an error, or results elsewhere than they asked for.
    """
    if _on_gpu(session):
        devices = {
            f"value {n} of {function}": value.device
            for function, reply in _on_cpu(session).items()
            for n, value in enumerate(reply.values)
        }
    else:
        facts, verdict = _simulated(session, "cpu")
        if verdict:
            return verdict
        devices = facts["devices"]
    wrong = [f"{what} on {device}" for what, device in devices.items() if _kind(device) != "cpu"]
    if wrong:
        return violates(
            f"audio and model are on the CPU, but {', '.join(wrong)}",
            expected="results on the CPU, GPU or not",
            reproduction=reproduce(
                "# on a machine with a GPU", _PRINT_DEVICES, audio=probe(session)
            ),
        )
    return conforms("" if _on_gpu(session) else "with a simulated GPU beside the CPU")


@check(
    "D01",
    "any GPU will do: results are on the device of the audio",
    section="What callers rely on",
    requires=(follows_to_gpu, leaves_gpu_alone),
    mend='Write device=audio.device, timestamps included; "cuda" and .cuda() mean the first GPU.',
)
def outputs_device(session: Session) -> Verdict:
    """Who has several GPUs embeds on the second one while something else runs on the first."""
    allowed = {"cpu", _kind(session.submission.device)}
    wrong = [
        f"{function} returned a tensor on {value.device}"
        for function in FUNCTIONS
        for value in session.call(function, probe(session)).values
        if _kind(value.device) not in allowed
    ]
    if not wrong:
        facts, verdict = _simulated(session, "second")
        if verdict:
            return verdict
        wrong = [
            f"{what} are on {device} for audio on {facts['device']}"
            for what, device in facts["devices"].items()
            if device not in (facts["device"], "cpu", "unknown")
        ]
    if wrong:
        return violates(
            "; ".join(wrong),
            expected="tensors on the device of the audio",
            reproduction=_moving(session, "cuda:1", _PRINT_DEVICES),
        )
    return conforms("on a simulated second GPU")


@check(
    "D05",
    "CPU and GPU agree",
    section="What callers rely on",
    requires=(follows_to_gpu, leaves_gpu_alone),
    mend="Look for half precision or another way of computing that is used on the GPU only.",
)
def cpu_as_gpu(session: Session) -> Verdict:
    """Scores that were computed on one device must hold on the other. The simulated GPU
    computes with the CPU's precision: it shows other code for the GPU, not other kernels.
    """
    sounds = recorded(session.sample_rate, session.samples(1.0))
    if _on_gpu(session):
        error = 0.0
        for function, reply in _on_cpu(session).items():
            there = embeddings_of(function, reply, sounds)
            here = session.embed(function, sounds)
            error = max(error, float(relative_errors(there, here).max()))
    else:
        facts, verdict = _simulated(session, "gpu")
        if verdict or "error" not in facts:
            return inconclusive(facts.get("what", "") or "only PyTorch's devices can be simulated")
        error = float(facts["error"])
    figure = Figure("relative error", error, limit=DEVICE_TOLERANCE)
    if error > DEVICE_TOLERANCE:
        return violates(
            f"embeddings differ between CPU and GPU, relative error {error:.3g}",
            figure,
            expected=f"the same embeddings within {DEVICE_TOLERANCE:g}",
            reproduction=_moving(session, "cuda", "print(scene(audio, model))"),
        )
    return conforms("" if _on_gpu(session) else _SIMULATED, figure)


def _on_cpu(session: Session) -> dict[str, Reply[CallFacts]]:
    """The replies of both functions for the recordings, in a worker on the CPU."""
    sounds = recorded(session.sample_rate, session.samples(1.0))
    with session.workers.on_device("cpu", session.arguments()) as worker:
        return {
            function: worker.ask(Call(function), step=f"{function} on the CPU", audio=sounds.audio)
            for function in FUNCTIONS
        }
