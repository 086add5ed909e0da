"""Every window of a long recording through one model, pruned and not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from tpexplore.model.plan import PRUNE_BLOCKS, check_whole
from tpexplore.model.vit import AudioViT, check_classifier
from tpexplore.signal.decode import SAMPLE_RATE, is_silent
from tpexplore.signal.recording import read_windows
from tpexplore.study.exploration import Exploration, Point
from tpexplore.study.sweep import explore_batch


@dataclass(frozen=True)
class WindowResult:
    """One window of a recording.

    Attributes
    ----------
    index : int
        From 0.
    start, end : float
        Seconds from the beginning of the file.
    exploration : Exploration
        Of the window, at the keep-rates and by the score that were chosen.
    silent : bool
        Whether it is silent, so that the answer means nothing.
    """

    index: int
    start: float
    end: float
    exploration: Exploration
    silent: bool

    @classmethod
    def of_clip(
        cls, samples: np.ndarray, start: float, exploration: Exploration, index: int = 0
    ) -> WindowResult:
        """The result for ``samples`` that begin at ``start`` seconds."""
        end = start + len(samples) / SAMPLE_RATE
        return cls(index, start, end, exploration, is_silent(samples))

    @property
    def score(self) -> str:
        """What patches were ranked by."""
        (score,) = self.exploration.points
        return score

    @property
    def unpruned(self) -> Point:
        return self.exploration.unpruned

    @property
    def points(self) -> tuple[Point, ...]:
        """One for each chosen keep-rate, ascending."""
        return self.exploration.points[self.score]

    @property
    def answer(self) -> str:
        """What the unpruned model answers."""
        return self.label(self.unpruned)

    def label(self, point: Point) -> str:
        """The answer at a keep-rate, in words."""
        return self.exploration.config.labels[point.answer]

    def flips(self, point: Point) -> bool:
        """Whether the answer at a keep-rate differs from the unpruned model's."""
        return point.answer != self.unpruned.answer

    def share_kept(self, point: Point) -> float:
        """Patches left in the end over all patches."""
        patches = self.exploration.config.patches
        return len([*point.kept.values()][-1]) / patches if point.kept else 1.0


def explore_windows(
    model: AudioViT,
    path: str | os.PathLike[str],
    *,
    keep_rates: Sequence[float | Sequence[float]] = (0.7,),
    score: str = "attention",
    hop: float | None = None,
    blocks: Sequence[int] = PRUNE_BLOCKS,
    method: str = "drop",
    batch: int = 1,
) -> Iterator[WindowResult]:
    """Run every window of a recording, unpruned and at the keep-rates.

    The file may be hours long: only two minutes of it are in memory.

    Parameters
    ----------
    model : AudioViT
        Windows are as long as its input.
    path : str or os.PathLike
    keep_rates : sequence of float or of sequences of float
        As for `explore`.
    score : str
        What patches are ranked by.
    hop : float, optional
        Seconds from one window's beginning to the next one's; by default windows lie side by side.
    blocks, method :
        As for `explore`.
    batch : int
        Windows that go through the model together: faster where they are short, see `explore_batch`.

    Yields
    ------
    WindowResult
        In the order of time. What is left at the end is padded as any short clip.

    Raises
    ------
    InputError
        If an argument is out of range, or the file cannot be used; also on the way, where it is damaged.

    Examples
    --------
    >>> for window in explore_windows(load_model("ast-esc50"), "long.wav", keep_rates=[0.5]):
    ...     print(window.start, window.answer, [window.flips(point) for point in window.points])
    """
    check_classifier(model)
    check_whole(batch, "batch", 1)
    options = {"keep_rates": keep_rates, "score": score, "blocks": blocks, "method": method}
    windows = enumerate(read_windows(path, model.config.seconds, hop))
    while together := list(islice(windows, batch)):
        explorations = explore_batch(model, [samples for _, (_, samples) in together], **options)
        for (index, (start, samples)), exploration in zip(together, explorations, strict=True):
            yield WindowResult.of_clip(samples, start, exploration, index)
