"""Waveform -> normalised log-mel -> patch grid and patch statistics (paper Sec. II; Kaldi front end)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad as pad_tensor

from tpexplore.errors import InputError
from tpexplore.signal.decode import ANALYSIS_WINDOW, HOP, SAMPLE_RATE
from tpexplore.signal.grid import PATCH, Grid
from tpexplore.signal.mel import MEL_BINS
from tpexplore.signal.waveform import as_waveform

ROWS = MEL_BINS // PATCH
"""Rows of patches that do not overlap, as those of all models trained here; else `Grid.rows`."""
HOP_SECONDS = HOP / SAMPLE_RATE
WINDOW_SECONDS = ANALYSIS_WINDOW / SAMPLE_RATE
AUDIOSET_NORMALISATION = (-4.2677393, 4.5689974)
"""Mean and standard deviation of AudioSet's log-mel values, as published with AST and AudioMAE."""

Padding = Literal["min", "zero"]


def samples_for(frames: int) -> int:
    """Samples at 16 kHz that yield exactly ``frames`` frames of 25 ms every 10 ms."""
    return ANALYSIS_WINDOW + (frames - 1) * HOP


def log_mel(waveform: np.ndarray | Tensor) -> Tensor:
    """Kaldi log-mel filter-bank energies of a mono 16 kHz waveform.

    Parameters
    ----------
    waveform : (samples,)
        Mono, 16 kHz, in any form that `as_waveform` takes. Its mean is removed first.

    Returns
    -------
    Tensor of shape (frames, 128)
        Natural logarithm of the mel power, 25 ms Hann windows every 10 ms, no dither.

    Raises
    ------
    InputError
        If the waveform is not one channel of finite numbers, or is shorter than one window.
    """
    # Imported here: torchaudio costs import time, and most of the library never needs it.
    from torchaudio.compliance import kaldi

    wave = torch.from_numpy(as_waveform(waveform))
    if wave.numel() < samples_for(1):
        raise InputError(
            f"The waveform has shape {tuple(wave.shape)};"
            f" expected one channel of at least {samples_for(1)} samples."
        )
    with _float32_by_default():
        return kaldi.fbank(
            (wave - wave.mean())[None],
            htk_compat=True,
            sample_frequency=SAMPLE_RATE,
            use_energy=False,
            window_type="hanning",
            num_mel_bins=MEL_BINS,
            dither=0.0,
            frame_shift=HOP_SECONDS * 1000,
            frame_length=WINDOW_SECONDS * 1000,
        )


@contextmanager
def _float32_by_default() -> Iterator[None]:
    """torchaudio makes its filters in torch's default type, which people set to bfloat16 for other models."""
    before = torch.get_default_dtype()
    if before == torch.float32:
        yield
        return
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def fit_frames(mel: Tensor, frames: int, pad: Padding = "min") -> Tensor:
    """Cut or right-pad a log-mel picture to a fixed number of frames.

    Parameters
    ----------
    mel : (n, 128)
        Log-mel picture before normalisation.
    frames : int
        Frames of the result. Longer pictures keep their first ``frames`` frames.
    pad : {"min", "zero"}
        "min" fills with the clip's own minimum (the paper's rule, which makes padding the lowest
        intensity); "zero" fills with 0 (how the official AudioMAE and AST weights were trained).
    """
    mel = mel[:frames]
    fill = float(mel.min()) if pad == "min" else 0.0
    return pad_tensor(mel, (0, 0, 0, frames - mel.shape[0]), value=fill)


def normalise(mel: Tensor, mean: float, std: float) -> Tensor:
    """``(mel - mean) / (2 std)``, the normalisation AudioMAE and AST share."""
    return (mel - mean) / (2 * std)


def patches_of(spec: Tensor, grid: Grid | None = None) -> Tensor:
    """Cut normalised pictures into patches, in patch-id order (time column first, low row first).

    Parameters
    ----------
    spec : (batch, frames, 128)
    grid : Grid, optional
        Where the patches lie; by default side by side.

    Returns
    -------
    Tensor of shape (batch, patches, 256)
        Each patch frame by frame.
    """
    grid = grid or Grid.of(spec.shape[1])
    cut = spec.unfold(1, grid.patch, grid.time_stride).unfold(2, grid.patch, grid.mel_stride)
    return cut.reshape(spec.shape[0], grid.patches, grid.patch**2)


def patch_statistics(spec: Tensor, grid: Grid | None = None) -> tuple[Tensor, Tensor]:
    """Intensity and variation of every patch (paper Sec. III-B).

    Parameters
    ----------
    spec : (batch, frames, 128)
        Normalised log-mel.
    grid : Grid, optional
        Where the patches lie; by default side by side.

    Returns
    -------
    intensity, variation : (batch, patches)
        Mean and unbiased standard deviation of the 256 normalised values of each patch, in float32 at
        least.
    """
    values = patches_of(spec.to(torch.promote_types(spec.dtype, torch.float32)), grid)
    return values.mean(-1), values.std(-1)
