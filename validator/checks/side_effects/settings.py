"""Settings of the whole process."""

from __future__ import annotations

from ...asking.session import Session
from ...catalogue import Verdict, check
from ._effects import none_of


@check(
    "S03",
    "the default dtype and device are left alone",
    section="What callers rely on",
    fix="Pass dtype= and device= where tensors are made.",
    behavioural=False,
)
def defaults(session: Session) -> Verdict:
    """The caller's own tensors would silently get another dtype or device."""
    return none_of(session, {"default dtype", "default device"}, "unchanged defaults")


@check(
    "S04",
    "the gradient mode is left alone",
    section="What callers rely on",
    fix="Use `with torch.no_grad():` or the decorator, not torch.set_grad_enabled(False).",
    behavioural=False,
)
def grad_mode(session: Session) -> Verdict:
    """The evaluation trains its classifiers in the same process."""
    return none_of(session, {"grad mode", "inference mode"}, "an unchanged gradient mode")


@check(
    "S05",
    "the precision and determinism flags are left alone",
    section="What callers rely on",
    fix="Leave cudnn flags, matmul precision and deterministic algorithms to the caller.",
    behavioural=False,
)
def flags(session: Session) -> Verdict:
    """These flags belong to the whole process and change other code's speed and results."""
    kinds = {
        "anomaly detection",
        "deterministic algorithms",
        "cudnn.deterministic",
        "cudnn.benchmark",
        "cudnn.enabled",
        "cudnn.allow_tf32",
        "float32 matmul precision",
        "functions run eagerly",
    }
    return none_of(session, kinds, "unchanged flags")


@check(
    "S06",
    "the number of threads is left alone",
    section="What callers rely on",
    fix="Leave torch.set_num_threads to the caller.",
    behavioural=False,
)
def threads(session: Session) -> Verdict:
    """The caller knows how many processes share the machine; the submission does not."""
    return none_of(session, {"threads"}, "an unchanged number of threads")


@check(
    "S07",
    "the working directory is left alone",
    section="What callers rely on",
    fix="Use paths relative to __file__, or importlib.resources, instead of os.chdir.",
    behavioural=False,
)
def directory(session: Session) -> Verdict:
    """The caller's relative paths would point elsewhere."""
    return none_of(session, {"working directory"}, "an unchanged working directory")


@check(
    "S08",
    "environment variables are left alone",
    section="What callers rely on",
    fix="Pass settings as arguments; leave CUDA_VISIBLE_DEVICES to the caller.",
    behavioural=False,
)
def environment(session: Session) -> Verdict:
    """Variables such as CUDA_VISIBLE_DEVICES or HOME change what the whole process, and every
    process that it starts, does.
    """
    return none_of(session, {"environment"}, "unchanged environment variables")
