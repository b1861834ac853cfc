"""Pictures of what submissions may return: odd, empty or endless numbers."""

import re
from typing import Any

import numpy as np
import pytest

from validator import Result, Status
from validator.asking.measure import Response
from validator.catalogue import conforms
from validator.checks.repeatability.batches import BatchErrors
from validator.checks.timestamps._bursts import Group
from validator.checks.timestamps.centring import Centring
from validator.checks.timestamps.units import Grid, Grids
from validator.gallery import Gallery
from validator.render.html import embeddings, measured
from validator.render.html.picture import Picture
from validator.report import Skipped
from validator.stimuli import constant

from .conftest import fake_check

NEEDS = ("matplotlib",)


def result(id_: str, evidence: object) -> dict[str, Result]:
    return {id_: Result(fake_check(id_), Status.PASSED, conforms(evidence=evidence))}


def gallery(scenes: Any = "none", timestamps: Any = "none") -> Gallery:
    audio = np.random.default_rng(0).normal(0, 0.1, (3, 16000)).astype(np.float32)
    return Gallery(("one", "two", "three"), 16000, audio, scenes, timestamps)


def grid(times: Any, length: float = 1000.0) -> Picture:
    return measured.timestamp_grid(result("T06", Grids((Grid(length, np.asarray(times, float)),))))


def strokes(picture: Picture, colour: str) -> int:
    """How many vertical strokes of a colour there are in all panels."""
    lines = re.findall(
        rf'<path d="([^"]*)"[^>]*stroke: var\(--{colour}\)', str(picture.drawings[0])
    )
    return sum(line.count("M") for line in lines)


def test_every_timestamp_is_a_stroke_and_those_outside_are_red() -> None:
    picture = grid([-20.0, 10.0, 40.0, 70.0], length=60.0)
    assert strokes(picture, "accent") == 2 * 3  # in all three panels
    assert strokes(picture, "bad") >= 2
    assert "4 timestamps from -20 to 70 ms" in picture.caption
    assert "The hop is 30 ms" in picture.caption


def test_a_million_timestamps_make_a_small_picture() -> None:
    assert len(grid(np.linspace(0, 1000, 1_000_000)).drawings[0]) < 300_000


@pytest.mark.parametrize(
    "times", [[500.0], [0.0, 0.0], [3.0, 2.0, 1.0], [-1e30, 1e30], list(range(3))]
)
def test_odd_timestamps_are_drawn(times: list[float]) -> None:
    assert grid(times).drawings


def test_timestamps_that_are_not_finite_are_said_to_be() -> None:
    assert grid([0.0, np.nan]) == Picture(
        "timestamp-grid",
        "Timestamps against the length of the audio",
        "Some timestamps are not finite.",
    )


def test_what_did_not_run_says_why() -> None:
    by = Skipped("which found a defect", fake_check("T01"))
    skipped = {"T11": Result(fake_check("T11"), Status.SKIPPED, skipped=by)}
    assert "T11 (title of T11) measured nothing: needs T01" in measured.centring(skipped).caption


@pytest.mark.parametrize("moved", [0.0, 1.0])
def test_a_centring_test_in_which_nothing_moves_is_drawn(moved: float) -> None:
    offsets = np.linspace(-500, 500, 11)
    some = Response(offsets, np.full(11, moved), *[0.0] * 7)
    none = Response(offsets[:0], offsets[:0], *[0.0] * 7)
    change = np.full(500, moved)
    bursts = (np.array([1000.0, 3000.0]), constant(1, 160_000, 0.0), change)
    seen = Centring(16000, np.arange(0, 10_000, 20.0), Group(*bursts, some), Group(*bursts, none))
    picture = measured.centring(result("T10", seen))
    assert picture.drawings
    assert "could not be measured" in picture.caption


def test_errors_that_are_zero_or_infinite_stay_in_the_picture() -> None:
    picture = measured.batch_errors(
        result("R03", BatchErrors({"get_scene_embeddings": np.array([0, 1e-6, np.inf])}, 1e-4))
    )
    assert "get_scene_embeddings: at most inf" in picture.caption
    assert "tolerance 0.0001" in picture.drawings[0]


@pytest.mark.parametrize("scenes", [np.zeros((3, 4)), np.ones((3, 1)), np.eye(3) * 1e30])
def test_odd_scene_embeddings_have_a_similarity(scenes: Any) -> None:
    picture = embeddings.similarity(gallery(scenes=scenes))
    assert picture.drawings
    assert "nan" not in picture.caption


@pytest.mark.parametrize(
    ("shape", "times"),
    [((3, 1, 8), [500.0]), ((3, 5, 1), range(5)), ((3, 2, 8), [0, 0]), ((3, 20, 2), range(20))],
)
def test_few_timestamps_or_numbers_have_colours(shape: tuple[int, ...], times: Any) -> None:
    numbers = np.random.default_rng(0).normal(size=shape)
    found = embeddings.timestamp_colours(gallery(timestamps=(numbers, np.array(times, float))))
    assert len(found.drawings) == 3
    constant = (np.ones(shape), np.array(times, float))
    assert (
        "0 % of the variance" in embeddings.timestamp_colours(gallery(timestamps=constant)).caption
    )


def test_pictures_of_the_gallery_say_why_there_are_none() -> None:
    assert embeddings.similarity(gallery("it raised")).caption == "it raised."
    assert "not embedded in this run" in embeddings.timestamp_colours(None).caption


def test_costs_are_those_of_checks_that_ran() -> None:
    one = Result(fake_check("X01"), Status.PASSED, conforms(), seconds=2.5, peak_bytes=300_000_000)
    two = Result(fake_check("X02"), Status.SKIPPED)
    caption = measured.cost({"X01": one, "X02": two}).caption
    assert caption.startswith("2.5 s in 1 check; the longest: X01 2.5 s.")
    assert "X01, 300 MB" in caption
    assert not measured.cost({"X02": two}).drawings


def test_ids_of_pictures_do_not_meet() -> None:
    pictures = [grid([1.0]), embeddings.similarity(gallery(scenes=np.eye(3)))]
    found = [id_ for p in pictures for d in p.drawings for id_ in re.findall(r' id="([^"]+)"', d)]
    assert len(found) == len(set(found)) > 10
    referred = {r for p in pictures for d in p.drawings for r in re.findall(r"url\(#([^)]+)\)", d)}
    assert referred <= set(found)
