"""What was returned in another form, put in order where it is plain what was meant."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hearkit.api.contract import SCENE, TIMESTAMP
from validator.asking.arranged import described, scenes, stamped

from ..fakes import returned, value

Floats = NDArray[np.float32]

N, T, SIZE = 3, 5, 4
EMBEDDINGS: Floats = np.arange(N * T * SIZE, dtype=np.float32).reshape(N, T, SIZE)
TIMES: Floats = np.tile(20 * np.arange(T, dtype=np.float32), (N, 1))


@pytest.mark.parametrize(
    "arrays",
    [
        (EMBEDDINGS, TIMES),
        (TIMES, EMBEDDINGS),
        (EMBEDDINGS, TIMES, EMBEDDINGS.mean(1)),
        (EMBEDDINGS, TIMES[0]),
        (EMBEDDINGS, TIMES[:1]),
        (EMBEDDINGS, TIMES[..., None]),
        (EMBEDDINGS.transpose(0, 2, 1), TIMES),
        (EMBEDDINGS.transpose(1, 0, 2), TIMES),
    ],
)
def test_timestamps_are_found_whatever_their_order_and_axes(arrays: tuple[Floats, ...]) -> None:
    found = stamped(arrays, N)
    assert found is not None
    np.testing.assert_array_equal(found[0], EMBEDDINGS)
    np.testing.assert_array_equal(found[1], TIMES)


def test_a_single_sound_that_lost_its_axis_gets_it_back() -> None:
    found = stamped((EMBEDDINGS[0], TIMES[0]), 1)
    assert found is not None
    assert (found[0].shape, found[1].shape) == ((1, T, SIZE), (1, T))
    row = scenes((EMBEDDINGS[0, 0],), 1)
    assert row is not None
    assert row.shape == (1, SIZE)


@pytest.mark.parametrize(
    "arrays",
    [
        (EMBEDDINGS,),
        (EMBEDDINGS, None),
        (EMBEDDINGS[:, :-1], TIMES),
        (EMBEDDINGS[:, :0], TIMES[:, :0]),
        (EMBEDDINGS[:1], TIMES[:1]),
        (EMBEDDINGS[0], TIMES[0]),
        (EMBEDDINGS[..., None], TIMES),
    ],
)
def test_nothing_is_guessed_of_timestamps(arrays: tuple[Floats | None, ...]) -> None:
    assert stamped(arrays, N) is None


SCENES: Floats = EMBEDDINGS[:, 0]


@pytest.mark.parametrize("arrays", [(SCENES,), (SCENES, TIMES), (SCENES[:, None],), (*SCENES,)])
def test_scenes_are_found_whatever_their_axes(arrays: tuple[Floats, ...]) -> None:
    found = scenes(arrays, N)
    assert found is not None
    np.testing.assert_array_equal(found, SCENES)


@pytest.mark.parametrize(
    "arrays", [(), (None,), (EMBEDDINGS,), (SCENES[0],), (SCENES[:1],), (*SCENES[:2],)]
)
def test_nothing_is_guessed_of_scenes(arrays: tuple[Floats | None, ...]) -> None:
    assert scenes(arrays, N) is None


def test_the_values_that_are_meant_are_described_in_order() -> None:
    one, two = value(TIMES), value(EMBEDDINGS)
    assert described(TIMESTAMP, returned(one, two, one)) == (two, one)
    assert described(SCENE, returned(value(SCENES), one)) == (value(SCENES),)
