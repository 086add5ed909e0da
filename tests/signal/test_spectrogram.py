"""The front end against torchaudio and plain loops."""

import numpy as np
import pytest
import torch
import torchaudio

from tests.conftest import tiny_config
from tpexplore.errors import InputError
from tpexplore.model.vit import AudioViT
from tpexplore.signal.spectrogram import (
    fit_frames,
    log_mel,
    normalise,
    patch_statistics,
    patches_of,
    samples_for,
)


def reference(wave: np.ndarray) -> torch.Tensor:
    """The paper's call, as its published settings write it."""
    wave = torch.from_numpy(wave)
    wave = wave - wave.mean()
    return torchaudio.compliance.kaldi.fbank(
        wave[None],
        htk_compat=True,
        sample_frequency=16000,
        use_energy=False,
        window_type="hanning",
        num_mel_bins=128,
        dither=0.0,
        frame_shift=10,
    )


def test_log_mel_is_torchaudios_kaldi_fbank(clip):
    assert torch.equal(log_mel(clip), reference(clip))


def test_a_dc_offset_changes_nothing(clip):
    torch.testing.assert_close(log_mel(clip + 0.1), log_mel(clip), rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(("pad", "fill"), [("min", None), ("zero", 0.0)])
def test_padding_and_normalisation(clip, pad, fill):
    mel = reference(clip)
    padded = fit_frames(mel, 128, pad)
    fill = float(mel.min()) if fill is None else fill
    assert torch.equal(padded[: len(mel)], mel)
    assert (padded[len(mel) :] == fill).all()
    expected = (padded + 6.0) / 8.0
    torch.testing.assert_close(normalise(padded, -6.0, 4.0), expected)


def test_long_clips_keep_their_first_frames():
    wave = np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    assert torch.equal(fit_frames(reference(wave), 128), reference(wave)[:128])


@pytest.mark.parametrize("frames", [1, 128, 1024])
def test_samples_for_is_the_shortest_clip_of_so_many_frames(frames):
    wave = np.random.default_rng(0).standard_normal(samples_for(frames)).astype(np.float32)
    assert len(reference(wave)) == frames
    if frames > 1:
        assert len(reference(wave[:-1])) == frames - 1


def test_model_spectrogram_normalises_its_own_window():
    model = AudioViT(tiny_config("audiomae"))
    wave = np.random.default_rng(0).standard_normal(48_000).astype(np.float32)
    expected = (reference(wave[: samples_for(128)]) + 6.0) / 8.0
    torch.testing.assert_close(model.spectrogram(wave), expected)


@pytest.mark.parametrize("wave", [np.zeros(399, np.float32), np.zeros((2, 1600), np.float32)])
def test_unusable_waveforms_are_refused(wave):
    with pytest.raises(InputError, match="shape"):
        log_mel(wave)


def test_patch_ids_and_statistics_against_loops(specs):
    values = patches_of(specs)
    intensity, variation = patch_statistics(specs)
    for clip_at in range(3):
        for column in range(8):
            for row in range(8):
                patch = specs[clip_at, 16 * column : 16 * column + 16, 16 * row : 16 * row + 16].numpy()
                at = column * 8 + row
                np.testing.assert_array_equal(values[clip_at, at].numpy(), patch.ravel())
                np.testing.assert_allclose(intensity[clip_at, at], patch.mean(), rtol=1e-4, atol=1e-6)
                np.testing.assert_allclose(variation[clip_at, at], patch.std(ddof=1), rtol=1e-4)
