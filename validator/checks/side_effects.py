"""S: what the submission does besides answering."""

from __future__ import annotations

from collections.abc import Callable

from hearkit.api.submission import Effect
from hearkit.errors import Fault

from ..asking.session import SCENE, TIMESTAMP, Session
from ..asking.snippets import reproduce
from ..catalogue import Figure, Severity, Verdict, check, conforms, inconclusive, violates
from ..stimuli import Stimulus, noise
from .outputs import FUNCTIONS, finite, probe

_SECTION = "What callers rely on"


def _exercised(session: Session) -> str:
    """Import, load and call if that has not happened yet; what failed, or nothing.

    Effects count however a step ends, so the checks here need no other to have passed.
    """
    steps: tuple[Callable[[], object], ...] = (
        session.imported,
        session.loaded,
        lambda: session.call(TIMESTAMP, probe(session)),
        lambda: session.call(SCENE, probe(session)),
        session.settle,
    )
    for step in steps:
        try:
            step()
        except Fault as fault:
            return str(fault)
    return ""


def _none_of(
    session: Session,
    kinds: set[str],
    expected: str,
    *,
    only: Callable[[Effect], bool] = lambda _: True,
) -> Verdict:
    """Conforms where no effect of these kinds was seen."""
    failed = _exercised(session)
    found = [e for e in session.effects if e.kind in kinds and only(e)]
    if found:
        listed = list(dict.fromkeys(f"{e.what} (in {e.step})" for e in found))
        more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
        return violates(
            "; ".join(listed[:3]) + more,
            Figure("seen", len(found), "times", 0),
            expected=expected,
            reproduction=reproduce(
                "scene(audio, model), timestamps(audio, model)", audio=_second(session)
            ),
        )
    if failed:
        return inconclusive(f"nothing was seen, but not every step could run: {failed}")
    return conforms()


def _second(session: Session) -> Stimulus:
    return noise(2, 16000, session.seed)


def _in_call(effect: Effect) -> bool:
    return effect.step.startswith("get_")


@check(
    "S01",
    "the input audio is left as it is",
    section=_SECTION,
    requires=(finite,),
    mend="Write audio = audio * gain instead of audio *= gain, and clone before in-place "
    "operations.",
)
def audio_untouched(session: Session) -> Verdict:
    """The evaluation hands the same tensor to both functions, one after the other."""
    return _none_of(session, {"audio"}, "the audio as it was before the call")


@check(
    "S02",
    "the global random state is left alone",
    severity=Severity.WARNING,
    section=_SECTION,
    mend="Use a generator of your own: torch.Generator().manual_seed(0), "
    "numpy.random.default_rng(0).",
    behavioural=False,
)
def random_state(session: Session) -> Verdict:
    """A submission that seeds the global generators makes the caller's own random numbers
    repeat; one that draws from them makes the caller's results depend on it. Drawing the
    initial parameters of layers while loading is usual and accepted; seeding is not.
    """
    verdict = _none_of(
        session,
        {"rng"},
        "the global random state untouched by import and calls",
        only=lambda e: _in_call(e) or e.step.startswith("import"),
    )
    if verdict.expected or _exercised(session):
        return verdict
    try:
        after = [session.reload(seed).facts.random_state for seed in (1, 2)]
    except Fault as fault:
        return inconclusive(f"the model could not be loaded again: {fault}")
    finally:
        session.drop("reload")
    seeded = [name for name in after[0] if after[0][name] == after[1].get(name)]
    if seeded:
        return violates(
            f"load_model leaves {', '.join(seeded)} in the same state whatever it was before",
            expected="no seeding of the global generators",
            reproduction=reproduce("print(torch.initial_seed())"),
        )
    return verdict


@check(
    "S03",
    "the default dtype and device are left alone",
    section=_SECTION,
    mend="Pass dtype= and device= where tensors are made.",
    behavioural=False,
)
def defaults(session: Session) -> Verdict:
    """The caller's own tensors would silently become something else."""
    return _none_of(session, {"default dtype", "default device"}, "unchanged defaults")


@check(
    "S04",
    "the gradient mode is left alone",
    section=_SECTION,
    mend="Use `with torch.no_grad():` or the decorator, not torch.set_grad_enabled(False).",
    behavioural=False,
)
def grad_mode(session: Session) -> Verdict:
    """The evaluation trains its classifiers in the same process."""
    return _none_of(session, {"grad mode", "inference mode"}, "an unchanged gradient mode")


@check(
    "S05",
    "the precision and determinism flags are left alone",
    section=_SECTION,
    mend="Leave cudnn flags, matmul precision and deterministic algorithms to the caller.",
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
    return _none_of(session, kinds, "unchanged flags")


@check(
    "S06",
    "the number of threads is left alone",
    section=_SECTION,
    mend="Leave torch.set_num_threads to the caller.",
    behavioural=False,
)
def threads(session: Session) -> Verdict:
    """The caller knows how many processes share the machine; the submission does not."""
    return _none_of(session, {"threads"}, "an unchanged number of threads")


@check(
    "S07",
    "the working directory is left alone",
    section=_SECTION,
    mend="Use paths relative to __file__, or importlib.resources, instead of os.chdir.",
    behavioural=False,
)
def directory(session: Session) -> Verdict:
    """The caller's relative paths would point elsewhere."""
    return _none_of(session, {"working directory"}, "an unchanged working directory")


@check(
    "S08",
    "environment variables are left alone",
    section=_SECTION,
    mend="Pass settings as arguments; leave CUDA_VISIBLE_DEVICES to the caller.",
    behavioural=False,
)
def environment(session: Session) -> Verdict:
    """Variables such as CUDA_VISIBLE_DEVICES or HOME change what the whole process, and every
    process that it starts, does.
    """
    return _none_of(session, {"environment"}, "unchanged environment variables")


@check(
    "S09",
    "nothing is written outside the temporary folder",
    section=_SECTION,
    mend="Write to a tempfile, or nothing: embedding needs no files.",
    behavioural=False,
)
def writes(session: Session) -> Verdict:
    """A submission runs beside the benchmark's data and other submissions, often in many
    processes at once, and on read-only folders.
    """
    return _none_of(session, {"write"}, "no file written, moved or removed")


@check(
    "S10",
    "no network connection is attempted",
    section="load_model",
    mend="Load the checkpoint from the given path; ship or document the weights.",
    behavioural=False,
)
def network(session: Session) -> Verdict:
    """Weights fetched at load are what the organisers complained about most: the servers
    vanish, and nobody can tell which weights were evaluated. (The validator refuses the
    connection.)
    """
    return _none_of(session, {"network"}, "no connection, at import, load or call")


@check(
    "S11",
    "no other program is started",
    section=_SECTION,
    mend="Call libraries instead of programs.",
    behavioural=False,
)
def processes(session: Session) -> Verdict:
    """Programs of the author's machine are missing on others, and organisers do not run
    strangers' commands.
    """
    return _none_of(session, {"process"}, "no process started")


@check(
    "S12",
    "the checkpoint is loaded without unpickling code",
    severity=Severity.WARNING,
    section="load_model",
    mend="Save a state dict as .safetensors, or load with torch.load(path, weights_only=True).",
    behavioural=False,
)
def safe_load(session: Session) -> Verdict:
    """A pickle can run any code when it is loaded. Safetensors files, and state dicts loaded
    with weights_only=True, cannot.
    """
    return _none_of(
        session,
        {"unpickle"},
        "no unpickling by name",
        only=lambda e: not _in_call(e),
    )


_CALLS = 8
"""Calls whose growth is measured, after as many to warm up."""

_AUDIO_S = 5.0
"""Length of their audio: 320 kB at 16 kHz, far above what comes and goes by itself (1 kB)."""

_OBJECTS = 0.5
"""Python objects a call: one that is kept in every call is a leak, one now and then is not."""


@check(
    "S13",
    "memory does not grow from call to call",
    section=_SECTION,
    requires=(finite,),
    mend="Do not append inputs or results to lists, and keep caches bounded.",
)
def no_growth(session: Session) -> Verdict:
    """A model that keeps every input or result runs out of memory in the middle of a task."""
    sounds = noise(1, session.samples(_AUDIO_S), session.seed)
    kept = []
    for part in range(3):
        for n in range(_CALLS):
            # Shifted, not drawn anew, which would take longer than some models do.
            other = sounds.shifted(100 * (1 + part * _CALLS + n))
            for function in FUNCTIONS:
                session.call(function, other, again=1000, keep=False)
        kept.append(session.footprint())
    # Both halves must grow: a cache that fills up once does not.
    grown, objects = (
        min(second - first, third - second) / _CALLS
        for first, second, third in (
            [one.bytes for one in kept],
            [one.objects for one in kept],
        )
    )
    limit = sounds.audio.nbytes / (16 if kept[0].exact else 2)
    figures = (
        Figure("growth", grown / 1e3, "kB a call", limit / 1e3),
        Figure("objects", objects, "more a call", _OBJECTS),
    )
    if grown > limit or objects > _OBJECTS:
        return violates(
            f"memory grows by {max(grown, 0) / 1e3:.0f} kB and {max(objects, 0):.3g} objects with "
            f"every call on {_AUDIO_S:g} s of audio",
            *figures,
            expected="no growth after the first calls",
            reproduction=reproduce(
                "for _ in range(1000): scene(audio, model)  # watch the process's memory",
                audio=sounds,
            ),
        )
    return conforms("", *figures)
