"""What training begins with, and the spectra that it keeps."""

from importlib import import_module

import pytest
import torch
from torch import Tensor

from training.pretrain.spectra import MelSpectrogram, Spectra
from training.pretrain.start import PHASES, gabor, start

from ..tiny import TINY

NEEDS = ("librosa",)


def tone(hertz: float, n_samples: int = 16000, phase: float = 0.0) -> Tensor:
    return torch.sin(2 * torch.pi * hertz * torch.arange(n_samples) / 16000 + phase)


def test_filters_hear_ever_higher_tones_in_ever_wider_bands() -> None:
    spectra = torch.fft.rfft(gabor(512, 1024)[::PHASES], n=16000).abs()
    centres = spectra.argmax(dim=1)
    assert (centres.diff() > 0).all()
    assert centres[0] == pytest.approx(50, abs=2)
    assert centres[-1] == pytest.approx(7600, abs=5)
    widths = (spectra > spectra.amax(dim=1, keepdim=True) / 2).sum(dim=1)
    assert (widths.diff() >= -1).all()
    assert widths[-1] > 4 * widths[0]


def test_the_phases_of_a_band_add_up_whatever_the_phase_of_the_sound() -> None:
    band = gabor(64, 1024)[5 * PHASES : 6 * PHASES]
    hertz = float(torch.fft.rfft(band[0], n=16000).abs().argmax())
    heard = torch.stack([band @ tone(hertz, 1024, phase) for phase in torch.arange(0, 6.2, 0.1)])
    assert heard[:, 0].clamp(min=0).min() == 0
    whole = heard.clamp(min=0).sum(dim=1)
    assert whole.max() < 1.45 * whole.min()


def test_only_the_filters_are_not_random() -> None:
    models = []
    for config in (TINY, {**TINY, "filters": "gabor"}):
        torch.manual_seed(0)
        models.append(start(config).state_dict())
    first = "feature_extractor.conv_layers.0.conv.weight"
    same = [name for name in models[0] if torch.equal(models[0][name], models[1][name])]
    assert set(models[0]) - set(same) == {first}
    assert torch.equal(models[1][first][:, 0], gabor(8, 10))


def test_spectra_are_centred_where_the_frames_are() -> None:
    """A frame that is longer by a stride on either side has the centre of the next."""
    audio = torch.randn(2, 8000, generator=torch.Generator().manual_seed(0))
    narrow, wide = Spectra(400, 320), Spectra(1040, 320)
    for mel, other in zip(narrow.mels, wide.mels, strict=True):
        inner = narrow._spectrum(mel, audio)[:, 1:-1]
        assert inner.shape[1] == (8000 - 1040) // 320 + 1
        # Where nothing is mirrored yet.
        torch.testing.assert_close(inner[:, 3:-3], wide._spectrum(other, audio)[:, 3:-3])


def test_spectra_tell_notes_apart_and_count_each_band_the_same() -> None:
    spectra = Spectra(400, 320)
    notes = torch.stack([tone(220), tone(233.08)])
    batch = spectra(notes + 0.01 * torch.randn(2, 16000))
    assert batch.shape == (2, 49, spectra.size)
    assert batch.mean(dim=(0, 1)).abs().max() < 1e-4
    assert batch.std(dim=(0, 1)).sub(1).abs().max() < 0.02
    peaks = batch[:, 10:40, spectra.SHORT[1] :].mean(dim=1).argmax(dim=1)
    assert peaks[0] < peaks[1]


@pytest.mark.parametrize(("n_fft", "bands"), [Spectra.SHORT, Spectra.LONG])
def test_mel_spectra_are_torchaudios(n_fft: int, bands: int) -> None:
    try:
        transforms = import_module("torchaudio.transforms")
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        pytest.skip(f"torchaudio does not import: {error}")
    theirs = transforms.MelSpectrogram(
        16000, n_fft, hop_length=320, f_min=40.0, n_mels=bands, center=False, normalized="window"
    )
    audio = torch.randn(2, 8000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(MelSpectrogram(n_fft, 320, bands)(audio).mT, theirs(audio))
