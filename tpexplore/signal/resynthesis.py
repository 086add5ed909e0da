"""Kept or removed patches -> audio, by masking the short-time Fourier transform of the original.

The transform has the same 512-point frequency grid as the front end, so the filter bank determines which
share of each frequency belongs to which patch row. The phase is the original's: nothing is invented, and
the kept and the removed part add up to the clip. If patches overlap, the kept part is everything that at
least one kept patch sees, and the removed part is the rest.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from tpexplore.errors import InputError, shown
from tpexplore.signal.checks import plain_array
from tpexplore.signal.decode import ANALYSIS_WINDOW, HOP, SAMPLE_RATE
from tpexplore.signal.grid import PATCH, Grid
from tpexplore.signal.mel import LOWEST_HERTZ, MEL_BINS
from tpexplore.signal.spectrogram import samples_for
from tpexplore.signal.waveform import samples_of

STFT_SIZE = 512
"""Points of the transform, in a periodic Hann window: 32 ms, 31.25 Hz apart, as Kaldi's padded 25 ms."""
STFT_HOP = 128
"""A quarter of the window: squared Hann windows then overlap to a constant, before and after masking."""
# Gains are products of two shares. In steps of 2^-12 each, every product and sum of products is exact
# in float32, so that gains of complementary maps add up to 1 to the last bit.
_SHARE_STEPS = 2.0**12


def patch_gains(kept: Tensor | np.ndarray, frames: int, grid: Grid | None = None) -> np.ndarray:
    """Soft time-frequency gain of a map of kept patches.

    Over frequency, a patch row owns of each bin the share of Kaldi filter weight that its 16 filters
    hold there: neighbours cross-fade over the overlap of the last filter of one and the first of the
    other. Over time, columns cross-fade in a raised cosine of 25 ms, the front end's window, around
    the middle between the last frame of one and the first of the other.

    Beyond the filters the nearest patch decides: 0 Hz goes with the lowest row and 8 kHz with the
    highest (no filter reads these bins, but tones the model does hear leak into them), what precedes
    the first frame's centre with the first column, and what follows the last one's with the last. So
    do the bins and frames at the ends that no patch sees.

    If patches overlap, the same rules apply to the segments that the same patches see (`Grid.mel_segments`,
    `Grid.time_segments`); a segment is kept if one of its patches is kept.

    Parameters
    ----------
    kept : (patches,) bool
        By patch id.
    frames : int
        Frames the model reads, 10 ms each.
    grid : Grid, optional
        Where the patches lie; by default side by side.

    Returns
    -------
    (257, 1 + samples_for(frames) // 128) float32
        Frequency bins of 31.25 Hz by frames centred every 128 samples, within [0, 1]. Without overlap
        the gain of ``~kept`` is exactly one minus that of ``kept``.

    Raises
    ------
    InputError
        If `frames` is not a positive multiple of 16 or does not fit the grid, or `kept` not one bool for
        each patch.

    Examples
    --------
    >>> patch_gains(np.ones(64, bool), 128).min()
    np.float32(1.0)
    """
    frames, grid = _checked_frames(frames, grid)
    covered = grid.segments_covered(_checked_map(kept, frames, grid)).astype(np.float32)
    return bin_shares(grid) @ covered.T @ _frame_shares(frames, grid)


def resynthesise(
    clip: np.ndarray, maps: Sequence[np.ndarray], frames: int, grid: Grid | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The kept and the removed audio of a clip for each map of kept patches, at the clip's own level.

    The two add up to the clip. The removed audio holds only what the model reads: samples after its last
    frame are in neither part, and the mean, which its front end subtracts, stays in the kept part. If no
    patch is kept, the kept audio is silent, mean included; if all are, it is the clip itself.

    Where partials that cancelled each other are torn apart, a part can peak above the clip, hence
    above full scale. It is left so, since a gain would end the sum and a limiter would distort.

    Parameters
    ----------
    clip : (samples,)
        Mono 16 kHz floats, at least one sample. Its transform runs once for all maps.
    maps : sequence of (patches,) bool
        By patch id.
    frames : int
        Frames the model reads.
    grid : Grid, optional
        Where the patches lie; by default side by side.

    Returns
    -------
    kept_audio, removed_audio : (maps, min(samples, samples_for(frames))) float32

    Raises
    ------
    InputError
        If the clip is not one channel of finite floats, or for what `patch_gains` refuses.

    Examples
    --------
    >>> clip = load_audio("assets/examples/happy.wav")
    >>> (kept,), (removed,) = resynthesise(clip, [np.arange(64) % 8 < 4], 128)
    >>> bool(np.abs(kept + removed - clip[: len(kept)]).max() < 1e-6)
    True
    """
    frames, grid = _checked_frames(frames, grid)
    return _parts(_heard_span(clip, frames), maps, frames, grid)


def _parts(
    clip: np.ndarray, maps: Sequence[np.ndarray], frames: int, grid: Grid
) -> tuple[np.ndarray, np.ndarray]:
    """Kept and removed audio of a checked clip for each map: two of (maps, samples) float32."""
    try:
        maps = list(maps)
    except TypeError:
        raise InputError(f"maps = {shown(maps)}; expected a list of them, one bool for each patch.") from None
    if not maps:
        return np.empty((0, len(clip)), np.float32), np.empty((0, len(clip)), np.float32)
    maps = np.stack([_checked_map(kept, frames, grid) for kept in maps])
    centred = clip - clip.mean(dtype=np.float64).astype(np.float32)
    window = torch.hann_window(STFT_SIZE)
    # The clip is extended by its mirror image. An edge to zeros would be a click, and a mask would make
    # audible the part of the click that falls into rows without the sound.
    padded = torch.from_numpy(np.pad(centred, STFT_SIZE // 2, mode="reflect"))
    spectrum = torch.stft(padded, STFT_SIZE, STFT_HOP, window=window, center=False, return_complex=True)
    gains = np.stack([patch_gains(kept, frames, grid)[:, : spectrum.shape[1]] for kept in maps])
    masked = torch.istft(
        spectrum * torch.from_numpy(gains), STFT_SIZE, STFT_HOP, window=window, length=len(clip)
    ).numpy()
    # The transform is linear, so subtracting gives the same as a mask of the complement.
    removed = centred - masked
    removed[maps.all(axis=1)] = 0  # not the rounding errors of the transform
    kept = clip - removed
    kept[~maps.any(axis=1)] = 0
    return kept, removed


@lru_cache(maxsize=8)
def bin_shares(grid: Grid) -> np.ndarray:
    """Share of each frequency of the transform that belongs to each of `Grid.mel_segments`.

    Returns
    -------
    (257, segments) float32
        Adding up to 1 over segments, in whole steps of 1/4096. A frequency belongs to one segment or to two
        neighbours. Without overlap a segment is a row of patches.
    """
    from torchaudio.compliance import kaldi  # costs import time, as in `log_mel`

    # Upper edge 0 below Nyquist, no vocal tract warping: kaldi.fbank's defaults again.
    bank, _ = kaldi.get_mel_banks(
        MEL_BINS, STFT_SIZE, float(SAMPLE_RATE), LOWEST_HERTZ, 0.0, 100.0, -500.0, 1.0
    )
    # The bins above those that a patch sees go with the last segment.
    edges = [*grid.mel_segments[:-1], MEL_BINS]
    parts = [bank[low:high].double().numpy().sum(axis=0) for low, high in pairwise(edges)]
    weight = np.stack(parts, axis=1)  # (256, segments): no filter at 8 kHz
    weight = np.concatenate([weight, np.eye(len(parts))[[-1]]])
    weight[0] = np.eye(len(parts))[0]
    from_row_on = np.cumsum(weight[:, ::-1], axis=1)[:, ::-1] / weight.sum(axis=1, keepdims=True)
    return _differences(from_row_on)


@lru_cache(maxsize=8)
def _frame_shares(frames: int, grid: Grid) -> np.ndarray:
    """Share of each transform frame that belongs to each time segment: (segments, transform frames)."""
    centres = STFT_HOP * np.arange(1 + samples_for(frames) // STFT_HOP)[:, None]
    # Frame i is centred at sample 160 i + 200, so the middle between frames 15 and 16 is at 2680.
    edges = HOP * np.array(grid.time_segments[1:-1]) + (ANALYSIS_WINDOW - HOP) / 2
    within = np.clip((centres - edges) / ANALYSIS_WINDOW, -0.5, 0.5)
    from_edge_on = 0.5 + 0.5 * np.sin(np.pi * within)
    return _differences(np.concatenate([np.ones_like(centres), from_edge_on], axis=1)).T


def _differences(from_here_on: np.ndarray) -> np.ndarray:
    """Shares (n, parts) from the cumulated shares of each part and all later ones; they sum exactly."""
    steps = np.round(from_here_on * _SHARE_STEPS) / _SHARE_STEPS
    shares = -np.diff(steps, axis=1, append=0).astype(np.float32)
    shares.flags.writeable = False  # cached
    return shares


def _heard_span(clip: np.ndarray, frames: int) -> np.ndarray:
    """A copy of the part of the clip that the model reads, checked: (samples,) float32."""
    wave = samples_of(clip)
    if wave.ndim != 1 or not wave.size:
        raise InputError(f"The clip has shape {wave.shape}; expected (samples,), one channel, not empty.")
    if wave.dtype.kind != "f":
        raise InputError(f"The clip has dtype {wave.dtype}; expected floats, full scale ±1.")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
        wave = wave[: samples_for(frames)].astype(np.float32)
    if not np.isfinite(wave).all():
        raise InputError("The clip holds NaN or infinite values; expected finite ones, full scale ±1.")
    return wave


def _checked_frames(frames: int, grid: Grid | None) -> tuple[int, Grid]:
    try:
        number = operator.index(frames)
    except TypeError:
        number = 0
    if grid is None:
        if number < PATCH or number % PATCH:
            raise InputError(f"frames = {frames!r}; expected a positive multiple of {PATCH}.")
        return number, Grid.of(number)
    if number < grid.seen_frames:
        raise InputError(f"frames = {frames!r}; expected {grid.seen_frames} or more, as the patches see.")
    return number, grid


def _checked_map(kept: Tensor | np.ndarray, frames: int, grid: Grid) -> np.ndarray:
    array = plain_array(kept)
    if array.shape != (grid.patches,) or array.dtype != bool:
        raise InputError(
            f"The map of kept patches has shape {array.shape} and dtype {array.dtype};"
            f" expected ({grid.patches},) and bool, one for each patch of {frames} frames."
        )
    return array
