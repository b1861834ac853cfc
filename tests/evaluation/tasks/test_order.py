"""The oracle's order of rows, and its batches."""

import random

import pytest

from hearkit.evaluation.tasks.order import of_rows, oracle_batch


def test_one_generator_shuffles_all_splits_as_the_oracle_does() -> None:
    names = [[f"{split}{n}" for n in range(count)] for split, count in (("a", 7), ("b", 5))]
    generator = random.Random()
    generator.seed(0)
    expected = [list(some) for some in names]
    for some in expected:
        generator.shuffle(some)
    orders = of_rows([7, 5])
    assert [[some[n] for n in order] for some, order in zip(names, orders, strict=True)] == expected
    assert orders[0] != sorted(orders[0])


@pytest.mark.parametrize(
    ("seconds", "rate", "n"),
    [(1.0, 16000, 84), (1.0, 44100, 30), (120.0, 16000, 1), (4.0, 48000, 7), (None, 16000, 1)],
)
def test_batches_are_the_oracles(seconds: float | None, rate: int, n: int) -> None:
    """By heareval's expression, max(1, int(0.7 * (120 / seconds) * (16000 / rate)))."""
    assert oracle_batch(seconds, rate) == n
