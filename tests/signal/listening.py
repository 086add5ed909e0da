"""Kept and removed audio of one map, and the tracks that the page should play, made by the library."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tpexplore.signal import resynthesis
from tpexplore.signal.grid import Grid
from tpexplore.signal.spectrogram import samples_for
from tpexplore.signal.waveform import samples_of


def resynthesise(
    clip: np.ndarray, kept: np.ndarray, frames: int, grid: Grid | None = None
) -> tuple[np.ndarray, np.ndarray]:
    (kept_audio,), (removed_audio,) = resynthesis.resynthesise(clip, [kept], frames, grid)
    return kept_audio, removed_audio


def listen_tracks(
    clip: np.ndarray, kept_by_stage: Mapping[int, np.ndarray], frames: int, grid: Grid | None = None
) -> dict[str, np.ndarray]:
    """The original and, for each stage, what is kept and what has been removed so far, to play in turn.

    If any track exceeded full scale, all are divided by the largest peak.
    """
    stages = sorted(kept_by_stage)
    parts = resynthesis.resynthesise(clip, [kept_by_stage[stage] for stage in stages], frames, grid)
    tracks = {"original": samples_of(clip)[: samples_for(frames)].astype(np.float32)}
    for stage, kept, removed in zip(stages, *parts, strict=True):
        tracks |= {f"kept {stage}": kept, f"removed {stage}": removed}
    peak = max(max(track.max(), -track.min()) for track in tracks.values())
    return {name: track / peak for name, track in tracks.items()} if peak > 1 else tracks
