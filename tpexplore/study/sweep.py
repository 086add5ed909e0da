"""One clip through one model: every keep-rate of the sweep, for every score, with the shared part once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from tpexplore.errors import InputError
from tpexplore.model.plan import KEEP_RATES, PRUNE_BLOCKS, SCORES, check_keep_rate, check_score
from tpexplore.model.vit import AudioViT, ModelConfig
from tpexplore.signal.spectrogram import HOP_SECONDS, patch_statistics, samples_for


@dataclass(frozen=True)
class Point:
    """One forward pass of the sweep.

    Attributes
    ----------
    keep_rate : float
    logits, probabilities : (classes,) float32
        Probabilities are softmax, or sigmoid for a multi-label model.
    kept : dict of block -> (k,) patch ids, ascending; empty at keep-rate 1.0
    macs : int
    seconds : float
        This pass on this machine, what it shares with others included.
    scores : dict of block -> (n,) float32
        What the block ranked its n patches by, in the order of their ids; empty at keep-rate 1.0.
    """

    keep_rate: float
    logits: np.ndarray
    probabilities: np.ndarray
    kept: dict[int, np.ndarray]
    macs: int
    seconds: float
    scores: dict[int, np.ndarray] = field(default_factory=dict)

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
        The one at 1.0, where asked for, is `unpruned`.
    """

    config: ModelConfig
    spectrogram: np.ndarray
    real_frames: int
    intensity: np.ndarray
    variation: np.ndarray
    unpruned: Point
    points: dict[str, tuple[Point, ...]]

    def drop_stages(self, score: str) -> np.ndarray:
        """Which block dropped each patch, 0 where it was kept: (rates, patches) uint8."""
        stages = np.zeros((len(self.points[score]), self.config.patches), dtype=np.uint8)
        for row, point in zip(stages, self.points[score], strict=True):
            present = np.ones(self.config.patches, dtype=bool)
            for block, ids in point.kept.items():
                kept = np.zeros_like(present)
                kept[ids] = True
                row[present & ~kept] = block
                present = kept
        return stages

    def flips(self, score: str) -> tuple[float, ...]:
        """Keep-rates whose top answer differs from the next higher one's."""
        points = self.points[score]
        return tuple(lower.keep_rate for lower, higher in pairwise(points) if lower.answer != higher.answer)

    def to_dict(self) -> dict:
        """The exploration as plain JSON values; patch id = time column * 8 + mel row."""
        config = self.config
        return {
            "model": {
                "name": config.name,
                "family": config.family,
                "task": config.task,
                "sha256": config.sha256,
                "patches": config.patches,
                "labels": list(config.labels),
            },
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
        return {
            "keep_rate": point.keep_rate,
            "kept": {str(block): ids.tolist() for block, ids in point.kept.items()},
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


def explore(
    model: AudioViT,
    clip: np.ndarray | Tensor,
    *,
    keep_rates: Sequence[float] = KEEP_RATES,
    scores: Sequence[str] = SCORES,
    progress: Callable[[int, int], None] | None = None,
) -> Exploration:
    """Run one clip at every keep-rate and score.

    What does not depend on the keep-rate runs once: blocks 1-3, block 4's attention, and the whole
    unpruned pass. Results equal those of separate forward passes.

    Parameters
    ----------
    model : AudioViT
    clip : (samples,)
        Mono 16 kHz waveform, from `load_audio`. Only the model's window is used.
    keep_rates : sequence of float
        Each above 0 and up to 1.
    scores : sequence of {"attention", "intensity", "variation"}
    progress : callable, optional
        Called with (passes done, passes in all).

    Returns
    -------
    Exploration

    Raises
    ------
    InputError
        If a keep-rate or score is out of range, or the model has no classifier.

    Examples
    --------
    >>> exploration = explore(load_model("ast-spc12"), load_audio("assets/examples/happy.wav"))
    >>> exploration.points["attention"][0].keep_rate
    0.3
    """
    rates, scores = _checked(model, keep_rates, scores)
    report = progress or (lambda done, total: None)
    total = 1 + len([rate for rate in rates if rate < 1]) * len(scores)
    steps = explore_steps(model, clip, keep_rates=rates, scores=scores)
    for done in range(1, total + 1):
        exploration = next(steps)
        report(done, total)
    return exploration


def explore_steps(
    model: AudioViT,
    clip: np.ndarray | Tensor,
    *,
    keep_rates: Sequence[float] = KEEP_RATES,
    scores: Sequence[str] = SCORES,
    first: float | None = None,
) -> Iterator[Exploration]:
    """`explore`, handing out what there is after every forward pass.

    Parameters
    ----------
    model, clip, keep_rates :
        As for `explore`.
    scores : sequence of {"attention", "intensity", "variation"}
        In the order in which they are explored.
    first : float or None
        Keep-rate to begin each score with; the others follow, nearest first. None takes them ascending.

    Yields
    ------
    Exploration
        After the unpruned pass, then with one more point each. Scores whose turn has not come are not in
        ``points``.

    Raises
    ------
    InputError
        As `explore`.
    """
    rates, scores = _checked(model, keep_rates, scores)
    config = model.config
    pruned_rates = [rate for rate in rates if rate < 1]
    if first is not None:
        pruned_rates.sort(key=lambda rate: abs(rate - first))
    # A generator must not hold inference mode between its steps: it would leak into its caller.
    with torch.inference_mode():
        spec = model.spectrogram(clip)[None]
        started = time.perf_counter()
        entered = model.run_blocks(model.embed(spec), 1, PRUNE_BLOCKS[0] - 1)
        shared_seconds = time.perf_counter() - started
        logits = model.readout(model.run_blocks(entered, PRUNE_BLOCKS[0], config.depth))
        unpruned = _point(config, 1.0, logits, {}, time.perf_counter() - started)
        intensity, variation = patch_statistics(spec)
    whole = (unpruned,) if 1.0 in rates else ()
    # Where there is more to come, a score is told of once its turn has come.
    points = dict.fromkeys(scores[:1] if pruned_rates else scores, whole) if whole else {}
    exploration = Exploration(
        config=config,
        spectrogram=spec[0].numpy(),
        real_frames=real_frames(model, clip),
        intensity=intensity[0].numpy(),
        variation=variation[0].numpy(),
        unpruned=unpruned,
        points=points,
    )
    yield exploration
    for score in scores:
        begun = time.perf_counter()
        with torch.inference_mode():
            statistic = model.statistic(spec, score)
            attended, attention = model.attend(entered, PRUNE_BLOCKS[0], with_score=statistic is None)
        before = shared_seconds + time.perf_counter() - begun
        for rate in pruned_rates:
            ranked: dict[int, Tensor] = {}
            begun = time.perf_counter()
            with torch.inference_mode():
                x, kept = model.prune_from(attended, attention, model.patch_ids(1), rate, statistic, ranked)
                logits = model.readout(x)
            seconds = before + time.perf_counter() - begun
            row = (*points.get(score, whole), _point(config, rate, logits, kept, seconds, ranked))
            points = {**points, score: tuple(sorted(row, key=lambda point: point.keep_rate))}
            exploration = replace(exploration, points=points)
            yield exploration


def _checked(
    model: AudioViT, keep_rates: Sequence[float], scores: Sequence[str]
) -> tuple[list[float], list[str]]:
    """Keep-rates, ascending, and scores, or InputError."""
    if not model.config.classes:
        raise InputError(f"{model.config.name} is pre-trained only: it has no classes to predict.")
    return sorted({check_keep_rate(rate) for rate in keep_rates}), [check_score(score) for score in scores]


def _point(
    config: ModelConfig,
    rate: float,
    logits: Tensor,
    kept: dict[int, Tensor],
    seconds: float,
    scores: dict[int, Tensor] | None = None,
) -> Point:
    logits = logits[0].float()
    probabilities = logits.sigmoid() if config.multilabel else logits.softmax(0)
    return Point(
        keep_rate=rate,
        logits=logits.numpy(),
        probabilities=probabilities.numpy(),
        kept={block: ids[0].numpy() for block, ids in kept.items()},
        macs=config.macs(rate),
        seconds=seconds,
        scores={block: score[0].float().numpy() for block, score in (scores or {}).items()},
    )


def real_frames(model: AudioViT, clip: np.ndarray | Tensor) -> int:
    """Frames that the clip fills: one per 10 ms once a 25 ms window fits."""
    step = samples_for(2) - samples_for(1)
    return min(model.config.frames, (len(clip) - samples_for(1)) // step + 1)
