"""D: results on the audio's device; a GPU used when, and only when, the caller chose it."""

from __future__ import annotations

from ..catalogue import Figure, Severity, Verdict, check, conforms, inconclusive, violates
from ..contract import DEVICE_TOLERANCE
from ..measure import relative_errors
from ..session import Session
from ..stimuli import recorded
from .outputs import FUNCTIONS, finite, probe


@check(
    "D01",
    "results are on the device of the audio",
    section="What callers rely on",
    requires=(finite,),
    mend="Create tensors with device=audio.device, timestamps included.",
)
def outputs_device(session: Session) -> Verdict:
    """The evaluation puts model and audio on one device and expects results there, or on the
    CPU.
    """
    allowed = {"cpu", _device(session.submission.device)}
    wrong = [
        f"{function} returned a tensor on {value.device}"
        for function in FUNCTIONS
        for value in session.call(function, probe(session)).values
        if _device(value.device) not in allowed
    ]
    if wrong:
        return violates(
            "; ".join(wrong),
            expected=f"tensors on {session.submission.device}",
            snippet=session.snippet(
                "print([x.device for x in timestamps(audio, model)])", audio=probe(session)
            ),
        )
    return conforms(session.submission.device)


def _device(name: str) -> str:
    return name.partition(":")[0].lower().rpartition("/")[2] or "cpu"


@check(
    "D02",
    "the model follows the audio to a GPU",
    section="What callers rely on",
    requires=(outputs_device,),
    mend="Register tensors with register_buffer or as parameters, so that model.to(device) "
    "moves them, and create new ones with device=audio.device.",
)
def follows_to_gpu(session: Session) -> Verdict:
    """The evaluation runs on a GPU. Buffers that are plain attributes stay behind, and
    tensors created on the CPU meet audio that is elsewhere. Where there is no GPU, PyTorch's
    fake tensors play one: they compute no numbers but know shapes, types and devices.
    """
    if session.framework != "torch":
        return inconclusive("only PyTorch's devices can be simulated")
    facts = session.simulated("gpu")
    if facts["outcome"] == "violates":
        return violates(
            facts["what"],
            expected="model and audio on a GPU give results",
            snippet=session.snippet(
                'model, audio = model.to("cuda"), audio.to("cuda")',
                "scene(audio, model), timestamps(audio, model)",
                audio=probe(session),
            ),
        )
    if facts["outcome"] == "inconclusive":
        return inconclusive(facts["what"])
    return conforms("on a simulated GPU")


@check(
    "D03",
    "results stay on the GPU",
    severity=Severity.WARNING,
    section="What callers rely on",
    requires=(outputs_device,),
    mend="Return results where they are; callers move them to the CPU themselves.",
)
def results_stay(session: Session) -> Verdict:
    """The evaluation accepts results on the CPU, but a caller that goes on computing on the
    GPU has to move them back.
    """
    if session.framework != "torch":
        return inconclusive("only PyTorch's devices can be simulated")
    facts = session.simulated("gpu")
    if "devices" not in facts:
        return inconclusive(facts["what"])
    moved = [what for what, device in facts["devices"].items() if _device(device) != "cuda"]
    if moved:
        return violates(
            f"{', '.join(moved)} came back on the CPU for audio on a (simulated) GPU",
            expected="results on the device of the audio",
            snippet=session.snippet(
                'model, audio = model.to("cuda"), audio.to("cuda")',
                "print([x.device for x in timestamps(audio, model)])",
                audio=probe(session),
            ),
        )
    return conforms("on a simulated GPU")


@check(
    "D04",
    "a GPU is left alone when the caller uses the CPU",
    section="What callers rely on",
    requires=(outputs_device,),
    mend='Remove .cuda(), .to("cuda") and device choices by torch.cuda.is_available(); use '
    "audio.device.",
)
def leaves_gpu_alone(session: Session) -> Verdict:
    """Several published submissions call .cuda() whenever a GPU exists; callers who chose the
    CPU, or a second GPU, get an error or a full first one.
    """
    if session.framework != "torch":
        return inconclusive("only PyTorch's devices can be simulated")
    facts = session.simulated("cpu")
    if facts["outcome"] == "violates":
        return violates(
            facts["what"],
            expected="model and audio on the CPU give results on the CPU, GPU or not",
            snippet=session.snippet(
                "# on a machine with a GPU",
                "print([x.device for x in timestamps(audio, model)])",
                audio=probe(session),
            ),
        )
    if facts["outcome"] == "inconclusive":
        return inconclusive(facts["what"])
    return conforms("with a simulated GPU beside the CPU")


@check(
    "D05",
    "CPU and GPU agree",
    section="What callers rely on",
    requires=(outputs_device,),
    mend="Look for half precision or other kernels that are used on the GPU only.",
)
def cpu_as_gpu(session: Session) -> Verdict:
    """Scores that were computed on one device must hold on the other."""
    if _device(session.submission.device) == "cpu":
        return inconclusive("the run is on the CPU: --device cuda compares both")
    sounds = recorded(session.sample_rate, session.samples(1.0))
    arguments = list(session.arguments())
    worst = 0.0
    with session.aside("cpu") as worker:
        worker.request("load", step="load_model", slot="main", arguments=arguments)
        for function in FUNCTIONS:
            reply = worker.request(
                "call", step=function, audio=sounds.audio, function=function, slot="main"
            )
            on_cpu, on_gpu = reply.values[0].array, session.embed(function, sounds)
            error = float(relative_errors(on_cpu, on_gpu).max()) if on_cpu is not None else 0.0
            worst = max(worst, error)
            if error > DEVICE_TOLERANCE:
                return violates(
                    f"{function} differs between CPU and GPU, relative error {error:.3g}",
                    Figure("relative error", error, limit=DEVICE_TOLERANCE),
                    expected=f"the same embeddings within {DEVICE_TOLERANCE:g}",
                    snippet=session.snippet("print(scene(audio, model))", audio=sounds),
                )
    return conforms("", Figure("relative error", worst, limit=DEVICE_TOLERANCE))
