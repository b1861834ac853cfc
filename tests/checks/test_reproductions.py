"""What a check gives to reproduce a finding runs, and shows the finding."""

import math
import re
import statistics
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from hearkit.effect import Effect
from validator.checks import CATALOGUE
from validator.simulation.machine import pretended_gpu

from .. import in_memory
from ..in_memory import NAME, Tried, opened, run, text_of, tried

MUTANTS = 2
"""Defects that are tried of each check, the first by name."""

NEED_A_WORKER = re.compile(
    r"S|I01|I05_(base_exception|exits|hangs|kills|recursion|segfaults)|I08_only_looks|I09_exits|"
    r"L01_(exits|kills)|L02_segfaults|L04_raw_memory|L05_quadratic|L07|O01_(exits|hangs|segfaults)|"
    r"R06_dies|R10_(hash|order|seeded)"
)
"""Defects that a process has to be protected from, or that only a new one shows."""

FURTHER = (
    "L05_overflows",
    "O10_trained_at_call",
    "R01_scene_frees_window",
    "R06_leftover_chunk",
    "R09_peeks_at_numpy",
    "T02_chunks_restart",
    "T10_scene_repeated",
)
"""Defects of another kind than each check's first."""

WITHOUT = {"I01", "I02", "I03", "I04"}
"""These look at what the import shows, which the finding says in full."""


def chosen() -> list[str]:
    """The defects to try, as their files are called."""
    bad = sorted(path.stem for path in (in_memory.SUBMISSIONS / "bad").glob("*.py"))
    here = [name for name in bad if not NEED_A_WORKER.match(name) and name[:3] not in WITHOUT]
    first = [name for check in CATALOGUE for name in _of(check.id, here)[:MUTANTS]]
    return sorted({*first, *FURTHER})


def _of(id_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(id_)]


def numbers(text: str) -> list[float]:
    """The numbers in what is printed."""
    return [float(n) for n in re.findall(r"-?\d+\.?\d*(?:e[+-]\d+)?|-?inf|nan", text)]


def last(tried: Tried) -> float:
    return numbers(tried.shown.text)[-1]


def says(tried: Tried) -> bool:
    """Whether the number that the finding is about is among those that are printed."""
    named = re.search(r"(?: is| give| returns) (-?\d\S*)", tried.verdict.seen)
    assert named is not None
    return any(math.isclose(float(named[1]), n, rel_tol=1e-3) for n in numbers(tried.shown.text))


def differs(tried: Tried) -> bool:
    """A number that is not 0, or shapes that cannot be subtracted."""
    return "must match" in tried.shown.error or abs(last(tried)) > 0


def not_finite(tried: Tried) -> bool:
    return not all(map(math.isfinite, numbers(tried.shown.text)))


def mixed_up(tried: Tried) -> bool:
    """Embeddings that move although no burst is near, or that are all the same."""
    if "same embedding" in tried.verdict.seen:
        return not any(numbers(tried.shown.text))
    return max(map(abs, offsets(tried))) > 1000


def off_centre(tried: Tried) -> bool:
    """The embeddings that move are on the side of the bursts that the finding names."""
    middle = statistics.median(offsets(tried))
    return middle < 0 if " before it" in tried.verdict.seen else middle > 0


def offsets(tried: Tried) -> list[float]:
    """The printed timestamps, each minus the nearest burst."""
    bursts = numbers(tried.result.snippet.partition("# bursts at")[2])
    return [min((n - burst for burst in bursts), key=abs) for n in numbers(tried.shown.text)]


def another_time(tried: Tried) -> bool:
    """Printed numbers that are others in the next process, or without the call before."""
    program = tried.result.snippet
    without = [line for line in program.split("\n") if "without this line" not in line]
    with opened(text_of(f"bad/{tried.name}")):
        return run("\n".join(without)).text != tried.shown.text


SHOWS: dict[str, Callable[[Tried], bool]] = {
    "I06": lambda t: t.verdict.seen.split()[-1].partition(".")[2] in t.shown.text,
    "I08": lambda t: "Model" in t.shown.text,
    "I09": lambda t: "no-such-file" in t.result.snippet,
    "M01": lambda t: t.shown.text.strip() in t.verdict.seen,
    "M02": lambda t: any(line in t.verdict.seen for line in t.shown.text.splitlines()),
    "O01": lambda t: bool(t.shown.text),
    "O02": lambda t: any(kind in t.shown.text for kind in ("list", "ndarray", "NoneType", "tuple")),
    "O03": lambda t: bool(t.shown.text),
    "O04": says,
    "O05": lambda t: bool(re.search("float16|float64|complex64", t.shown.text)),
    "O06": lambda t: t.verdict.seen.split()[-1] in t.shown.text,
    "O07": not_finite,
    "O08": lambda t: numbers(t.shown.text)[0] <= 1e-6 * numbers(t.shown.text)[1],
    "O09": lambda t: "True" in t.shown.text,
    "O10": lambda t: "True" in t.shown.text,
    "L01": not_finite,
    "L02": not_finite,
    "L03": not_finite,
    "L04": differs,
    "L05": not_finite,
    "L06": lambda t: last(t) == 0 or says(t),
    "R01": differs,
    "R02": differs,
    "R03": differs,
    "R04": differs,
    "R05": differs,
    "R06": differs,
    "R07": differs,
    "R08": lambda t: another_time(t) if "new process" in t.verdict.seen else differs(t),
    "R09": differs,
    "R10": another_time,
    "T01": lambda t: not_finite(t) or says(t),
    "T02": lambda t: numbers(t.shown.text) != sorted(set(numbers(t.shown.text))),
    "T03": lambda t: max(map(abs, numbers(t.shown.text))) > 0.25,
    "T04": says,
    "T05": lambda t: len(set(t.shown.text.split("tensor"))) == 3,
    "T06": says,
    "T07": says,
    "T08": lambda t: len(numbers(t.shown.text)) == 2,
    "T09": lambda t: says(t) if "hop" in t.verdict.seen else "[2, 1]" in t.shown.text,
    "T10": mixed_up,
    "T11": off_centre,
    "T12": lambda t: bool(numbers(t.shown.text)),
    "T13": lambda t: bool(numbers(t.shown.text)),
    "D01": lambda t: "cuda:0" in t.shown.text or "index=0" in t.shown.text,
    "D03": lambda t: "cpu" in t.shown.text,
    "D04": lambda t: "cuda" in t.shown.text,
    "D05": lambda t: bool(t.shown.text),
}
"""How the output of a program is seen to show the finding, where nothing is raised."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the base submission."""
    path = tmp_path_factory.mktemp("weights") / "base.pt"
    with opened(text_of("base")) as session:
        session.loaded()
        torch.save(session.workers._main.model().state_dict(), path)  # type: ignore[attr-defined]
    return path


@pytest.mark.parametrize("name", chosen())
def test_a_reproduction_runs_and_shows_the_finding(name: str, weights: Path) -> None:
    id_ = name[:3]
    around = pretended_gpu() if id_[0] == "D" else nullcontext()
    given = weights if id_ in ("I07", "I08", "I09") else None
    found = tried(id_, text_of(f"bad/{name}"), given, around=around, name=name)
    assert found.verdict.violates, found.verdict.seen
    raised = re.search(r"raised (\w+)", found.verdict.seen)
    missing = found.verdict.seen.startswith("the model has no")
    if raised or missing:
        assert found.shown.error.startswith(raised[1] if raised else "AttributeError")
        return
    if "same device" in found.shown.error:
        assert id_[0] == "D"  # a model that one call moves, and the other cannot use any more
        return
    assert not found.shown.error or "must match" in found.shown.error
    assert SHOWS[id_](found), found.shown


EFFECTS = {
    "S01": "audio",
    "S02": "rng",
    "S03": "default dtype",
    "S04": "grad mode",
    "S05": "cudnn.enabled",
    "S06": "threads",
    "S07": "working directory",
    "S08": "environment",
    "S09": "write",
    "S10": "network",
    "S11": "process",
    "S12": "unpickle",
}
"""What each check looks for among the effects of the steps."""


@pytest.mark.parametrize("id_", EFFECTS)
def test_calls_that_have_side_effects_can_be_repeated(id_: str) -> None:
    found = tried(id_, text_of("base"), effects=[Effect(EFFECTS[id_], "seen", f"import {NAME}")])
    assert found.verdict.violates
    assert not found.shown.error


@pytest.mark.parametrize("name", ["S02_seeds_in_load", "S02_seeds_numpy_in_load"])
def test_generators_that_are_seeded_at_load_give_the_same_numbers(name: str) -> None:
    found = tried("S02", text_of(f"bad/{name}"))
    first, second = (line.split() for line in found.shown.text.splitlines())
    assert any(one == two for one, two in zip(first, second, strict=True))


def test_growing_memory_is_watched_in_a_loop() -> None:
    found = tried("S13", text_of("bad/S13_keeps_inputs"), runs=False)
    assert "range(1000)" in found.result.snippet
    with opened(text_of("base")):
        assert not run(found.result.snippet.replace("range(1000)", "range(3)")).error


def test_every_check_that_can_give_a_reproduction_is_tried() -> None:
    tried_here = {name[:3] for name in chosen()} | set(EFFECTS) | {"S13", "L07"} | WITHOUT
    assert {check.id for check in CATALOGUE} <= tried_here | {"I05"}
