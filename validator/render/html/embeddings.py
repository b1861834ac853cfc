"""Pictures of embeddings of the validator's recordings: how alike, and how they change."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from ...gallery import Gallery
from .drawing import figure, svg
from .picture import Picture

_NOT_ASKED = "the recordings were not embedded in this run"


def similarity(gallery: Gallery | None) -> Picture:
    """The cosine of every two recordings' scene embeddings."""
    name, title = "similarity", "How alike scenes are"
    scenes = gallery.scenes if gallery else _NOT_ASKED
    if gallery is None or isinstance(scenes, str):
        return Picture(name, title, f"{scenes}.")
    rows = np.asarray(scenes, np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    cosine = (rows @ rows.T) / np.maximum(norms * norms.T, 1e-30)
    n = len(rows)
    with figure(360, 290) as drawn:
        axes = drawn.subplots()
        colours = mpl.colormaps["viridis"]
        low = min(0.0, float(cosine.min()))
        axes.pcolormesh(cosine, cmap=colours, vmin=low, vmax=1.0)
        for i, j in np.ndindex(n, n):
            shade = "#ffffff" if (cosine[i, j] - low) / (1 - low + 1e-12) < 0.6 else "#111111"
            axes.text(
                j + 0.5, i + 0.5, f"{cosine[i, j]:.2f}", color=shade, ha="center", va="center"
            )
        ticks = np.arange(n) + 0.5
        axes.set_xticks(ticks, gallery.names)
        axes.set_yticks(ticks, gallery.names)
        axes.invert_yaxis()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    i, j = np.triu_indices(n, 1)
    most, least = int(cosine[i, j].argmax()), int(cosine[i, j].argmin())
    caption = (
        "Cosine of the scene embeddings of the validator's recordings. Most alike: "
        f"{gallery.names[i[most]]} and {gallery.names[j[most]]} ({cosine[i, j][most]:.2f}); "
        f"least alike: {gallery.names[i[least]]} and {gallery.names[j[least]]} "
        f"({cosine[i, j][least]:.2f}). Sounds as unlike as these should not all be near 1."
    )
    return Picture(name, title, caption, (svg(drawn, name, title),))


def timestamp_colours(gallery: Gallery | None) -> Picture:
    """Spectrograms of the recordings, and below their timestamp embeddings as colours."""
    name, title = "timestamp-colours", "Timestamp embeddings next to the spectrogram"
    timestamps = gallery.timestamps if gallery else _NOT_ASKED
    if gallery is None or isinstance(timestamps, str):
        return Picture(name, title, f"{timestamps}.")
    embeddings, times_ms = timestamps
    colours, explained = _colours(np.asarray(embeddings, np.float64))
    drawings = tuple(
        _strip(f"{name}-{n}", gallery, n, colours[n], np.asarray(times_ms, np.float64))
        for n in range(len(gallery.names))
    )
    caption = (
        f"{embeddings.shape[1]} timestamp embeddings of {embeddings.shape[2]} numbers for each "
        f"recording; their first three principal components, {100 * explained:.3g} % of the "
        "variance, are red, green and blue, drawn where their timestamps say. Colours should "
        "change where the sound does."
    )
    return Picture(name, title, caption, drawings, "many")


_FITTED = 500
"""Embeddings, drawn evenly, that are enough for three directions."""


def _colours(embeddings: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Principal components of all embeddings as colours, and their share of the variance.

    Args:
        embeddings: Shape (n_sounds, n_timestamps, size).

    Returns:
        Colours of shape (n_sounds, n_timestamps, 3) from 0 to 1; the share, from 0 to 1.
    """
    n_sounds, n_timestamps, size = embeddings.shape
    flat = embeddings.reshape(-1, size)
    flat = flat - flat.mean(0)
    flat /= max(float(np.abs(flat).max()), 1e-30)
    some = flat[:: max(1, len(flat) // _FITTED)]
    _, singular, directions = np.linalg.svd(some, full_matrices=False)
    projected = np.zeros((len(flat), 3))
    projected[:, : len(directions[:3])] = flat @ directions[:3].T
    low, high = np.percentile(projected, (2, 98), axis=0)
    scaled = np.clip((projected - low) / np.maximum(high - low, 1e-12), 0, 1)
    total = float((singular**2).sum())
    explained = float((singular[:3] ** 2).sum()) / total if total else 0.0
    # Neither black nor white, which are the page's own.
    return (0.12 + 0.8 * scaled).reshape(n_sounds, n_timestamps, 3), explained


def _strip(
    name: str, gallery: Gallery, n: int, colours: NDArray[np.float64], times_ms: NDArray[np.float64]
) -> Markup:
    """One recording's spectrogram, with the colours at their timestamps below."""
    seconds = gallery.audio.shape[1] / gallery.sample_rate
    hop_s = float(np.ptp(times_ms)) / 1000 / (len(times_ms) - 1) if len(times_ms) > 1 else seconds
    hop_s = max(hop_s, 1e-6)
    begin = times_ms[0] / 1000 - hop_s / 2 if len(times_ms) > 1 else 0.0
    with figure(175, 140) as drawn:
        sound, strip = drawn.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        sound.imshow(
            _decibels(gallery.audio[n], gallery.sample_rate),
            cmap="magma",
            aspect="auto",
            origin="lower",
            extent=(0, seconds, 0, 1),
        )
        sound.set(title=gallery.names[n], yticks=[], xlim=(0, seconds))
        until = begin + hop_s * len(times_ms)
        strip.imshow(
            colours[None], aspect="auto", extent=(begin, until, 0, 1), interpolation="nearest"
        )
        strip.set(yticks=[], xlim=(0, seconds), xlabel="s")
        for axes in (sound, strip):
            axes.spines[:].set_visible(False)
            axes.tick_params(length=2)
        sound.tick_params(length=0)
    return svg(drawn, name, f"{gallery.names[n]}: spectrogram, and timestamp embeddings as colours")


_BANDS, _FRAMES = 64, 160
_RANGE_DB = 70.0


def _decibels(audio: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """A spectrogram of 64 bands that widen with frequency from 60 Hz, in dB below its peak.

    Args:
        audio: Shape (n_samples,).
        rate: Hz.

    Returns:
        Shape (64, 160), from -70 to 0.
    """
    window = 2 ** round(np.log2(rate * 0.046))
    starts = np.linspace(0, len(audio) - window, _FRAMES).astype(int)
    frames = audio[starts[:, None] + np.arange(window)] * np.hanning(window)
    power = np.abs(np.fft.rfft(frames)) ** 2
    frequencies = np.fft.rfftfreq(window, 1 / rate)
    edges = np.geomspace(60, rate / 2, _BANDS + 1)
    wanted = np.sqrt(edges[:-1] * edges[1:])
    bands = np.stack([np.interp(wanted, frequencies, frame) for frame in power], axis=1)
    decibels = 10 * np.log10(bands / bands.max() + 1e-12)
    return np.asarray(np.maximum(decibels, -_RANGE_DB), np.float64)
