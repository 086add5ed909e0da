"""The result of a sweep of one clip and one model: a point for each pass, and all points together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

from tpexplore.model.config import ModelConfig
from tpexplore.model.fate import Fate
from tpexplore.model.plan import PRUNE_BLOCKS
from tpexplore.signal.spectrogram import HOP_SECONDS

KeepRate = float | tuple[float, ...]
"""One for all pruning blocks, or one for each."""


@dataclass(frozen=True)
class Point:
    """One forward pass of the sweep.

    Attributes
    ----------
    keep_rate : float or tuple of float
        One for all pruning blocks, or one for each.
    logits, probabilities : (classes,) float32
        Probabilities are softmax, or sigmoid for a multi-label model.
    kept : dict of block -> (k,) patch ids, ascending; empty at keep-rate 1.0
    macs : int
    seconds : float
        Time of this pass on this machine, including the part shared with other passes.
    scores : dict of block -> (n,) float32
        The scores by which the block ranked its n patches, in the order of their ids; empty without a
        ranking.
    fate : Fate
        What became of every patch: dropped, fused, or merged into which.
    """

    keep_rate: KeepRate
    logits: np.ndarray
    probabilities: np.ndarray
    kept: dict[int, np.ndarray]
    macs: int
    seconds: float
    scores: dict[int, np.ndarray]
    fate: Fate

    @property
    def answer(self) -> int:
        """Index of the most probable class."""
        return int(self.probabilities.argmax())

    def top(self, n: int = 5) -> list[int]:
        """Indices of the ``n`` most probable classes, best first."""
        return np.argsort(-self.probabilities, kind="stable")[:n].tolist()


@dataclass(frozen=True)
class Exploration:
    """What the app shows of one clip and one model.

    Attributes
    ----------
    config : ModelConfig
    spectrogram : (frames, 128) float32, normalised
    real_frames : int
        Frames that the clip fills; the rest is padding.
    intensity, variation : (patches,) float32
    unpruned : Point
    points : dict of score -> Points, by ascending keep-rate
        The one at 1.0, if requested, is `unpruned`.
    blocks : tuple of int
        Blocks that prune.
    method : {"drop", "fuse", "merge"}
    seed : int
        Of the random order.
    """

    config: ModelConfig
    spectrogram: np.ndarray
    real_frames: int
    intensity: np.ndarray
    variation: np.ndarray
    unpruned: Point
    points: dict[str, tuple[Point, ...]]
    blocks: tuple[int, ...] = PRUNE_BLOCKS
    method: str = "drop"
    seed: int = 0

    def drop_stages(self, score: str) -> np.ndarray:
        """Which block each patch left at, 0 where it was kept: (rates, patches) uint8."""
        return np.stack([point.fate.block for point in self.points[score]])

    def flips(self, score: str) -> tuple[KeepRate, ...]:
        """Keep-rates whose top answer differs from the next higher one's, the highest from no pruning."""
        points = (*self.points[score], self.unpruned)
        return tuple(lower.keep_rate for lower, higher in pairwise(points) if lower.answer != higher.answer)

    def to_dict(self) -> dict:
        """The exploration as plain JSON values; patch id = time column * rows + mel row."""
        config = self.config
        return {
            "model": {
                "name": config.name,
                "family": config.family,
                "task": config.task,
                "sha256": config.sha256,
                "patches": config.patches,
                "grid": asdict(config.grid),
                "labels": list(config.labels),
            },
            "pruning": {"blocks": list(self.blocks), "method": self.method, "seed": self.seed},
            "seconds": round(self.real_frames * HOP_SECONDS, 2),
            "frames": config.frames,
            "real_frames": self.real_frames,
            "spectrogram": np.round(self.spectrogram, 4).tolist(),
            "intensity": np.round(self.intensity, 6).tolist(),
            "variation": np.round(self.variation, 6).tolist(),
            "unpruned": self._point_dict(self.unpruned),
            "scores": {
                score: {
                    "flips": list(self.flips(score)),
                    "points": [self._point_dict(point) for point in points],
                }
                for score, points in self.points.items()
            },
        }

    def _point_dict(self, point: Point) -> dict:
        # Dropped patches are those that are not kept; of fused and merged ones there is more to say.
        holders = {} if self.method == "drop" else point.fate.holders
        return {
            "keep_rate": point.keep_rate,
            "kept": {str(block): ids.tolist() for block, ids in point.kept.items()},
            **({"holders": {str(b): ids.tolist() for b, ids in holders.items()}} if holders else {}),
            "macs": point.macs,
            "milliseconds": round(point.seconds * 1000, 3),
            "top": [
                {
                    "label": self.config.labels[i],
                    "index": i,
                    "probability": round(float(point.probabilities[i]), 6),
                }
                for i in point.top()
            ],
            "logits": np.round(point.logits, 5).tolist(),
        }
