"""Which grid of patches a checkpoint's table of positions belongs to, and the table of a shorter input."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor, cat

from tpexplore.errors import InputError
from tpexplore.model.plan import PREFIX_TOKENS
from tpexplore.signal.grid import PATCH, Grid

LONGEST_FRAMES = 1024
"""Input frames of the longest published checkpoints, and the most that either family's code takes."""

AST_STRIDES = (10, 12, 14, 16)
"""Bins and frames from patch to patch that AST was published with."""

USUAL_FRAMES = {527: 1024, 50: 512, 35: 128}
"""Input frames by classes: AudioSet, ESC-50, Speech Commands."""

M2D_PATCHES = 190
"""M2D has AudioMAE's keys, but 80 mel bins: 5 rows of 38 patches."""


@dataclass(frozen=True)
class Geometry:
    """The input that a model reads, and how far apart its patches lie in it."""

    frames: int
    mel_stride: int = PATCH
    time_stride: int = PATCH

    @property
    def grid(self) -> Grid:
        return Grid.of(self.frames, self.mel_stride, self.time_stride)

    @property
    def without_margin(self) -> Geometry:
        """The same without frames at the end that no patch sees."""
        return replace(self, frames=self.grid.seen_frames)


def find_geometry(patches: int, family: str, classes: int, frames: int | None = None) -> Geometry:
    """The geometry that a number of patches implies; a file contains neither stride nor frames.

    Parameters
    ----------
    patches : int
    family : {"audiomae", "ast"}
        AudioMAE's patches never overlap.
    classes : int
        Where several geometries fit, classes of a known dataset decide.
    frames : int, optional
        Frames given by the caller; they take precedence.

    Raises
    ------
    InputError
        If no geometry fits, or several do.
    """
    strides = AST_STRIDES if family == "ast" else (PATCH,)
    fitting = [g for stride in strides if (g := _geometry(patches, stride))]
    if not fitting:
        raise InputError(f"its position grid has {patches} patches; expected {_expected(patches, family)}")
    for count in (frames, USUAL_FRAMES.get(classes)):
        exact = [replace(g, frames=count) for g in fitting if _may_read(g, count)]
        if len(exact) == 1:
            return exact[0]
    usual = fitting[0].time_stride == PATCH or fitting[0].frames in USUAL_FRAMES.values()
    if len(fitting) > 1 or not usual:  # a guess might cut the picture into wrong patches without a word
        rows = " or ".join(f"{g.grid.rows} rows of stride {g.time_stride}" for g in fitting)
        lengths = " or ".join(str(g.frames) for g in fitting)
        raise InputError(f"its {patches} patches may lie in {rows}; give frames = {lengths}")
    return fitting[0]


def shorter(own: Geometry, frames: int) -> Geometry:
    """The geometry of fewer frames at the same strides, or InputError if they do not fit."""
    apart = own.time_stride == PATCH
    if not PATCH <= frames <= own.frames or (apart and frames % PATCH and frames != own.frames):
        expected = f"a multiple of {PATCH} up to" if apart else f"{PATCH} to"
        raise InputError(f"frames = {frames} does not fit; expected {expected} {own.frames}")
    return replace(own, frames=frames)


def crop_positions(pos: Tensor, family: str, own: Grid, read: Grid) -> Tensor:
    """Fit a table of positions to fewer columns, each family's documented way.

    AudioMAE views its grid as (8, columns) although its tokens lie (columns, 8), and takes the first
    columns of that view; AST takes the centre columns of its (rows, columns) grid.

    Parameters
    ----------
    pos : (1, prefix + patches, dim)
    """
    if read.columns == own.columns:
        return pos
    prefix = PREFIX_TOKENS[family]
    table = pos[:, prefix:].unflatten(1, (own.rows, own.columns))
    start = own.columns // 2 - read.columns // 2 if family == "ast" else 0
    return cat([pos[:, :prefix], table[:, :, start : start + read.columns].flatten(1, 2)], dim=1)


def _geometry(patches: int, stride: int) -> Geometry | None:
    """The geometry with this many patches at a stride, with usual frames if they fit; None if none exists."""
    rows = Grid.of(PATCH, stride, stride).rows
    if patches < 1 or patches % rows:
        return None
    shortest = Geometry(PATCH + (patches // rows - 1) * stride, stride, stride)
    usual = [frames for frames in USUAL_FRAMES.values() if _may_read(shortest, frames)]
    if shortest.frames > LONGEST_FRAMES:
        return None
    return replace(shortest, frames=usual[0] if usual else shortest.frames)


def _may_read(geometry: Geometry, frames: int | None) -> bool:
    """Whether an input of so many frames has as many columns, at stride 16 without a margin."""
    if frames is None or frames < PATCH:
        return False
    if geometry.time_stride == PATCH:
        return frames == geometry.grid.seen_frames
    return replace(geometry, frames=frames).grid.columns == geometry.grid.columns


def _expected(patches: int, family: str) -> str:
    if family == "ast":
        strides = ", ".join(map(str, AST_STRIDES[:-1]))
        return f"those of up to {LONGEST_FRAMES} frames at stride {strides} or {AST_STRIDES[-1]}"
    if patches == M2D_PATCHES:
        return "a multiple of 8 (M2D, which reads 80 mel bins, has as many)"
    rows = Grid.of(PATCH).rows
    most = Grid.of(LONGEST_FRAMES).patches
    return f"at most {most}" if patches > 0 and patches % rows == 0 else f"a multiple of {rows}"
