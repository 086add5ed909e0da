"""What a checkpoint is and how its input is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tpexplore.errors import InputError
from tpexplore.model.macs import HEAD_WIDTH, count_macs
from tpexplore.model.plan import FAMILIES, PREFIX_TOKENS, PRUNE_BLOCKS
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.signal.grid import PATCH, Grid
from tpexplore.signal.spectrogram import Padding, samples_for


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
        if self.family not in FAMILIES:
            raise InputError(f"Family {self.family!r} is unknown; expected one of {', '.join(FAMILIES)}.")
        if self.frames < PATCH or (self.time_stride == PATCH and self.frames % PATCH):
            raise InputError(f"frames = {self.frames}; expected a positive multiple of {PATCH}.")
        Grid.of(self.frames, self.mel_stride, self.time_stride)  # raises where no patches can lie so
        if self.dim < HEAD_WIDTH or self.dim % HEAD_WIDTH:
            raise InputError(f"Width {self.dim} is unsupported; expected a multiple of {HEAD_WIDTH}.")
        if self.depth < PRUNE_BLOCKS[-1]:
            raise InputError(f"{self.depth} blocks; expected at least {PRUNE_BLOCKS[-1]}, the last to prune.")
        if not self.labels:
            object.__setattr__(self, "labels", tuple(f"class {i}" for i in range(self.classes)))
        if len(self.labels) != self.classes:
            raise InputError(f"{len(self.labels)} labels were given for {self.classes} classes.")

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
