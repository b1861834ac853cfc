"""Answers are kept within a bound on memory, and come back as they were."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hearkit.api.facts import CallFacts
from hearkit.api.submission import Reply
from hearkit.errors import Fault
from validator.asking.kept import Kept

from ..fakes import returned, value


def answer(n: int) -> Reply[CallFacts]:
    rows = np.arange(n, n + 1000, dtype=np.float32).reshape(10, 100)
    return returned(value(rows), value(rows[:1].astype(np.int64)))


def arrays(reply: object) -> list[NDArray[np.float32]]:
    assert isinstance(reply, Reply)
    return [one.array for one in reply.values if one.array is not None]


def test_memory_is_bounded_and_every_answer_comes_back() -> None:
    kept = Kept(most_bytes=12_000)
    for n in range(20):
        kept[n] = answer(n)
        assert kept.bytes_in_memory <= 12_000
    for n in (0, 19, 7, 0):
        for seen, expected in zip(arrays(kept[n]), arrays(answer(n)), strict=True):
            np.testing.assert_array_equal(seen, expected)
            assert seen.dtype == expected.dtype
        assert kept.bytes_in_memory <= 12_000
    kept.close()
    assert kept.bytes_in_memory == 0


def test_what_has_no_numbers_is_kept_as_it_is() -> None:
    kept = Kept(most_bytes=0)
    fault = Fault("exception", "raised")
    kept["fault"] = fault
    kept["facts"] = returned()
    kept["large"] = answer(0)
    kept["empty"] = returned(value(np.zeros((0, 3), np.float32)))
    kept["last"] = answer(1)
    assert kept["fault"] is fault
    assert kept.get("facts") == returned()
    assert kept.get("unknown") is None
    assert arrays(kept["empty"])[0].shape == (0, 3)
    kept.discard("large")
    assert "large" not in kept
    with pytest.raises(KeyError):
        kept["large"]
    kept.close()
