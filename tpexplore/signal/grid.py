"""The grid of patches: id, place, frames and bins, seconds and hertz, samples, and the area a set covers.

Patches may overlap: AST is mostly trained with patches of 16 by 16 every 10 frames and 10 bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from numbers import Integral

import numpy as np

from tpexplore.errors import InputError, shown
from tpexplore.signal.decode import ANALYSIS_WINDOW, HOP, SAMPLE_RATE
from tpexplore.signal.mel import MEL_BINS, hertz_at

PATCH = 16
"""Side of a square patch: 16 frames (160 ms) by 16 mel bins."""


@dataclass(frozen=True)
class Grid:
    """Where every patch of a model lies. Patch id = time column * rows + mel row, row 0 the lowest.

    A patch *sees* ``patch`` frames by ``patch`` bins. It is *drawn* as the cell around its centre, so that
    cells tile the picture even if patches overlap; the outer cells extend to the edges of the area that
    patches see.

    Attributes
    ----------
    rows, columns : int
        Patches over frequency and over time.
    mel_stride, time_stride : int
        Bins and frames from one patch to the next.
    patch : int
        Bins and frames that a patch sees.

    Examples
    --------
    >>> grid = Grid.of(1024, mel_stride=10, time_stride=10)
    >>> grid.rows, grid.columns, grid.patches
    (12, 101, 1212)
    >>> grid.frames_of(1), grid.frame_edges[1:3]
    ((10, 26), (13, 23))
    """

    rows: int
    columns: int
    mel_stride: int = PATCH
    time_stride: int = PATCH
    patch: int = PATCH

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "mel_stride", "time_stride", "patch"):
            object.__setattr__(self, name, _whole(getattr(self, name), name, 1))
        for name in ("mel_stride", "time_stride"):
            if getattr(self, name) > self.patch:
                raise InputError(
                    f"{name} = {shown(getattr(self, name))}; expected at most {self.patch}, a patch."
                )

    @classmethod
    def of(cls, frames: int, mel_stride: int = PATCH, time_stride: int = PATCH) -> Grid:
        """All patches that fit into a picture of ``frames`` frames by 128 bins."""
        frames, mel_stride = _whole(frames, "frames", PATCH), _whole(mel_stride, "mel_stride", 1)
        time_stride = _whole(time_stride, "time_stride", 1)
        return cls(
            rows=(MEL_BINS - PATCH) // mel_stride + 1,
            columns=(frames - PATCH) // time_stride + 1,
            mel_stride=mel_stride,
            time_stride=time_stride,
        )

    @property
    def patches(self) -> int:
        return self.rows * self.columns

    @property
    def overlaps(self) -> bool:
        """Whether neighbours see the same values."""
        return self.mel_stride < self.patch or self.time_stride < self.patch

    # -- id <-> place

    def place(self, patch: int) -> tuple[int, int]:
        """Time column and mel row of a patch."""
        if not 0 <= patch < self.patches:
            raise InputError(f"Patch {patch}; expected one from 0 to {self.patches - 1}.")
        return divmod(patch, self.rows)

    def patch_at(self, column: int, row: int) -> int:
        """Id of the patch in a time column and a mel row."""
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            raise InputError(
                f"Column {column}, row {row}; expected columns below {self.columns}, rows below {self.rows}."
            )
        return column * self.rows + row

    def as_map(self, values):
        """Values of all patches, (…, patches), by place: (…, columns, rows). Of NumPy or torch."""
        return values.reshape(*values.shape[:-1], self.columns, self.rows)

    # -- the area that a patch sees

    def frames_of(self, column: int) -> tuple[int, int]:
        """First frame that a column sees, and the one after its last."""
        return self.time_stride * column, self.time_stride * column + self.patch

    def bins_of(self, row: int) -> tuple[int, int]:
        """First mel bin that a row sees, and the one after its last."""
        return self.mel_stride * row, self.mel_stride * row + self.patch

    def seconds_of(self, column: int) -> tuple[float, float]:
        """Time from a column's first frame to the frame after its last, 10 ms each."""
        start, stop = self.frames_of(column)
        return start * HOP / SAMPLE_RATE, stop * HOP / SAMPLE_RATE

    def samples_of(self, column: int) -> tuple[int, int]:
        """Samples at 16 kHz that a column's frames are computed from: 175 ms, as frames overlap."""
        start, stop = self.frames_of(column)
        return start * HOP, (stop - 1) * HOP + ANALYSIS_WINDOW

    def hertz_of(self, row: int) -> tuple[float, float]:
        """Frequencies between which a row's bins lie, in Hz."""
        low, high = hertz_at(np.array(self.bins_of(row)))
        return float(low), float(high)

    @property
    def seen_frames(self) -> int:
        """Frames that patches see; a picture may have more, which no patch reaches."""
        return self.frames_of(self.columns - 1)[1]

    # -- how a patch is drawn

    @cached_property
    def frame_edges(self) -> tuple[int, ...]:
        """Frames at which the drawn columns begin, and where the last one ends."""
        return _cell_edges(self.columns, self.time_stride, self.patch)

    @cached_property
    def bin_edges(self) -> tuple[int, ...]:
        """Mel bins at which the drawn rows begin, and where the last one ends."""
        return _cell_edges(self.rows, self.mel_stride, self.patch)

    # -- what a set of patches covers

    @cached_property
    def time_segments(self) -> tuple[int, ...]:
        """Frames at which a column begins or ends; the same columns see all frames between two of them."""
        return _segments(self.columns, self.time_stride, self.patch)

    @cached_property
    def mel_segments(self) -> tuple[int, ...]:
        """Mel bins at which a row begins or ends."""
        return _segments(self.rows, self.mel_stride, self.patch)

    def segments_covered(self, kept: np.ndarray) -> np.ndarray:
        """Where at least one of the patches looks on: (…, time segments, mel segments) bool.

        Without overlap a segment is a patch, and this is `as_map`.

        Parameters
        ----------
        kept : (…, patches) bool
        """
        looking = self.as_map(np.asarray(kept, bool)).astype(np.float32)
        across = _looks_on(self.time_segments, self.columns, self.time_stride, self.patch)
        up = _looks_on(self.mel_segments, self.rows, self.mel_stride, self.patch)
        return across @ looking @ up.T > 0


def _whole(value: object, name: str, least: int) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise InputError(f"{name} = {shown(value)}; expected at least {least}, a whole number.")
    return int(value)


def _cell_edges(count: int, stride: int, patch: int) -> tuple[int, ...]:
    begin = (patch - stride) // 2  # a cell lies around its patch's centre
    return (0, *(begin + stride * i for i in range(1, count)), stride * (count - 1) + patch)


def _segments(count: int, stride: int, patch: int) -> tuple[int, ...]:
    begins = {stride * i for i in range(count)}
    return tuple(sorted(begins | {begin + patch for begin in begins}))


def _looks_on(segments: tuple[int, ...], count: int, stride: int, patch: int) -> np.ndarray:
    """1 where a patch of this place sees a segment: (segments, count) float32."""
    starts, begins = np.array(segments[:-1])[:, None], stride * np.arange(count)
    return ((begins <= starts) & (starts < begins + patch)).astype(np.float32)
