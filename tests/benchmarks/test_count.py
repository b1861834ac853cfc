"""Operations and bytes counted, against counts by hand."""

import math

import pytest
import torch
from torch.nn import functional

from benchmarks._count import least_bytes, operations, transform
from hearbaseline import crepe
from hearbaseline._packed import product


def test_real_products_are_two_operations_for_each_pair() -> None:
    a, b = torch.zeros(3, 5), torch.zeros(5, 7)
    assert operations(lambda: a @ b)[1] == 2 * 3 * 5 * 7
    assert operations(lambda: torch.addmm(torch.zeros(7), a, b))[1] == 2 * 3 * 5 * 7


@torch.no_grad()
def test_products_with_prepacked_weights_are_products() -> None:
    a, b = torch.zeros(2, 3, 5), torch.zeros(5, 7)
    assert operations(lambda: product(a, b))[1] == 2 * 2 * 3 * 5 * 7


def test_complex_products_are_eight_operations_for_each_pair_also_in_place() -> None:
    a = torch.zeros(2, 3, 5, dtype=torch.complex64)
    b = torch.zeros(2, 5, 7, dtype=torch.complex64)
    assert operations(lambda: torch.bmm(a, b))[1] == 8 * 2 * 3 * 5 * 7
    out = torch.zeros(2, 3, 7, dtype=torch.complex64)
    assert operations(lambda: out.baddbmm_(a, b))[1] == 8 * 2 * 3 * 5 * 7


@pytest.mark.parametrize("points", [16, 160, 4096])
def test_real_transforms_are_counted_both_ways(points: int) -> None:
    one = 2.5 * points * math.log2(points)
    assert transform(points, real=True) == one
    x = torch.zeros(3, 4, points)
    spectrum, forward = operations(lambda: torch.fft.rfft(x))
    _, back = operations(lambda: torch.fft.irfft(spectrum, n=points))
    assert forward == back == round(12 * one)
    # Padded to the length that was asked for, and along another dimension.
    assert operations(lambda: torch.fft.rfft(x[..., :5], n=points))[1] == forward
    assert operations(lambda: torch.fft.rfft(x.transpose(1, 2), dim=1))[1] == forward


def test_a_complex_transform_is_two_real_ones() -> None:
    x = torch.zeros(3, 64, dtype=torch.complex64)
    assert operations(lambda: torch.fft.fft(x))[1] == 2 * 3 * transform(64, real=True)


def test_convolutions_and_attention_are_counted() -> None:
    sound, kernel = torch.zeros(1, 3, 100), torch.zeros(8, 3, 11)
    assert operations(lambda: functional.conv1d(sound, kernel))[1] == 2 * 90 * 3 * 11 * 8
    q = torch.zeros(1, 2, 10, 4)
    with torch.no_grad():
        attended, count = operations(lambda: functional.scaled_dot_product_attention(q, q, q))
    assert attended.shape == q.shape
    assert count == 2 * 2 * (2 * 10 * 10 * 4)


def test_what_is_done_number_by_number_is_not_counted() -> None:
    x = torch.ones(100)
    result, count = operations(lambda: (x * 2).log().maximum(x))
    assert torch.equal(result, x)
    assert count == 0


def test_crepe_in_the_frequency_domain_does_what_its_file_says() -> None:
    """By hand: the products of each layer in its bins, and a transform for each channel."""
    c1, c2, c3, c4, c5 = crepe.CHANNELS["tiny"]
    products = 8 * (81 * (8 * 2 * c1 + c1 * c2) + 49 * c2 * c3 + 33 * c3 * c4 + 17 * c4 * c5)
    transforms = (
        (8 + 3 * c1 + c2) * transform(160, real=True)
        + (c2 + c3) * transform(96, real=True)
        + (c3 + c4) * transform(64, real=True)
        + (c4 + c5) * transform(32, real=True)
    )
    model = crepe.load_model(capacity="tiny")
    with torch.no_grad():
        _, count = operations(lambda: model(torch.zeros(3, 1024)))
    assert count == pytest.approx(3 * (products + transforms), rel=1e-6)


def test_least_bytes_are_the_audio_the_weights_and_the_result() -> None:
    model = torch.nn.Linear(10, 5)
    audio, result = torch.zeros(2, 1000), torch.zeros(2, 7)
    assert least_bytes(audio, model, result) == 4 * (2000 + 55 + 14)
