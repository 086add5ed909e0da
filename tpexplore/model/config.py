"""What a checkpoint is and how its input is made."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import get_args

from tpexplore.errors import InputError, shown
from tpexplore.model.macs import HEAD_WIDTH, LARGEST_SIZE, count_macs
from tpexplore.model.plan import FAMILIES, PREFIX_TOKENS, PRUNE_BLOCKS, check_whole
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.signal.grid import PATCH, Grid
from tpexplore.signal.spectrogram import Padding, samples_for

_SIZES = ("frames", "dim", "depth", "classes", "mel_stride", "time_stride")


@dataclass(frozen=True)
class ModelConfig:
    """What a checkpoint is and how its input is made.

    Attributes
    ----------
    family : {"audiomae", "ast"}
    frames : int
        Frames of its input; a multiple of 16 where patches do not overlap.
    dim, depth, classes : int
        Width, blocks and classes; heads are ``dim / 64``.
    mean, std : float
        Of the log-mel values it was trained on.
    pad : {"min", "zero"}
        What fills clips shorter than ``frames``.
    multilabel : bool
        Whether classes are judged one by one (sigmoid, AudioSet) or compete (softmax).
    mel_stride, time_stride : int
        Bins and frames from one patch to the next: 16, or less where patches overlap.
    name, task, labels, sha256 :
        Where it comes from; labels are "class 0", "class 1", … where a file names none.
    """

    family: str
    frames: int
    dim: int
    depth: int
    classes: int
    mean: float
    std: float
    pad: Padding = "min"
    multilabel: bool = False
    name: str = ""
    task: str = ""
    labels: tuple[str, ...] = ()
    sha256: str = ""
    mel_stride: int = PATCH
    time_stride: int = PATCH

    def __post_init__(self):
        if not isinstance(self.family, str) or self.family not in FAMILIES:
            raise InputError(f"Family {shown(self.family)} is unknown; expected {' or '.join(FAMILIES)}.")
        for name in _SIZES:  # before anything is allocated whose size comes from a file
            object.__setattr__(self, name, check_whole(getattr(self, name), name, 0, LARGEST_SIZE))
        for name in ("mean", "std"):
            self._check_number(name)
        if not isinstance(self.pad, str) or self.pad not in get_args(Padding):
            raise InputError(f"pad = {shown(self.pad)}; expected one of {', '.join(get_args(Padding))}.")
        if not isinstance(self.labels, tuple) or not all(isinstance(name, str) for name in self.labels):
            raise InputError(f"labels = {shown(self.labels)}; expected a tuple of names.")
        if self.frames < PATCH or (self.time_stride == PATCH and self.frames % PATCH):
            raise InputError(f"frames = {self.frames}; expected a positive multiple of {PATCH}.")
        Grid.of(self.frames, self.mel_stride, self.time_stride)  # raises if no such grid exists
        if self.dim < HEAD_WIDTH or self.dim % HEAD_WIDTH:
            raise InputError(f"Width {self.dim} is unsupported; expected a multiple of {HEAD_WIDTH}.")
        if self.depth < PRUNE_BLOCKS[-1]:
            raise InputError(f"{self.depth} blocks; expected at least {PRUNE_BLOCKS[-1]}, the last to prune.")
        if not self.labels:
            object.__setattr__(self, "labels", tuple(f"class {i}" for i in range(self.classes)))
        # Half of a character, which JSON can hold, could not be shown or written anywhere.
        labels = tuple(name.encode("utf-8", "replace").decode("utf-8") for name in self.labels)
        object.__setattr__(self, "labels", labels)
        if len(self.labels) != self.classes:
            raise InputError(f"{len(self.labels)} labels were given for {self.classes} classes.")

    def _check_number(self, name: str) -> None:
        value = getattr(self, name)
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not is_number or not abs(value) <= sys.float_info.max or (name == "std" and value <= 0):
            limit = " above 0" if name == "std" else ""
            raise InputError(f"{name} = {shown(value)}; expected a finite number{limit}.")

    @property
    def heads(self) -> int:
        return self.dim // HEAD_WIDTH

    @property
    def prefix(self) -> int:
        """Tokens before the patches."""
        return PREFIX_TOKENS[self.family]

    @cached_property
    def grid(self) -> Grid:
        """Where its patches lie."""
        return Grid.of(self.frames, self.mel_stride, self.time_stride)

    @property
    def patches(self) -> int:
        return self.grid.patches

    @property
    def seconds(self) -> float:
        """Length of audio that fills the input."""
        return samples_for(self.frames) / SAMPLE_RATE

    def macs(
        self,
        keep_rate: float | Sequence[float] = 1.0,
        blocks: Sequence[int] = PRUNE_BLOCKS,
        method: str = "drop",
    ) -> int:
        """Multiply-accumulates of one clip, see `count_macs`."""
        return count_macs(
            dim=self.dim,
            depth=self.depth,
            tokens=self.patches,
            prefix=self.prefix,
            classes=self.classes,
            keep_rate=keep_rate,
            blocks=blocks,
            method=method,
        )
