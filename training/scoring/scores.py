"""How good answers are: accuracy or mAP, their intervals, and paired differences between two ways."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import Tensor

from tpexplore.model.config import ModelConfig
from tpexplore.stats.intervals import (
    bootstrap_interval,
    mcnemar_p,
    normal_interval,
    ratio_interval,
    wilson_interval,
)
from training.data.features import Features
from training.scoring.class_names import tags_of_classes

MAP_ROUNDS = 200
"""Bootstrap resamples for an interval of mAP, which costs far more than one of accuracy."""


def scorer_for(
    features: Features, rows: np.ndarray, config: ModelConfig | None = None
) -> Accuracy | MeanAveragePrecision:
    """The scorer for these clips; a tagging model's answers are matched to their classes by name."""
    if config and (tags := tags_of_classes(features, config)):
        return ByClassName(features.targets[rows], tags)
    kind = MeanAveragePrecision if features.meta.get("multilabel") else Accuracy
    return kind(features.targets[rows])


class Accuracy:
    """Judges answers to clips of one class each.

    Answers are the most probable class of every clip, (clips,). Random rankings may have several such
    passes.
    """

    metric, short = "top-1 accuracy", "accuracy"

    def __init__(self, targets: np.ndarray):
        self.labels = targets.argmax(1)
        self.classes = targets.shape[1]

    @staticmethod
    def keep(logits: Tensor) -> np.ndarray:
        """The part of a batch's logits (clips, classes) that scoring needs."""
        return logits.argmax(1).to(torch.int32).cpu().numpy()

    @staticmethod
    def top(answers: np.ndarray) -> np.ndarray:
        """Most probable class of every clip."""
        return answers

    def value(self, answers: np.ndarray) -> float:
        return float((answers == self.labels).mean())

    def cell(self, *passes: np.ndarray) -> dict:
        """Value with its 95 % interval: Wilson's, or for several passes a bootstrap over clips."""
        right = self._right(passes)
        if len(passes) > 1:
            return mean_cell(right)
        return cell(right.mean(), wilson_interval(int(right.sum()), len(right)))

    def difference(self, first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> dict:
        """First minus second on the same clips: paired bootstrap interval and McNemar's exact p.

        McNemar's test compares one pass with one other; of several passes the largest p is returned.
        """
        chances = [mcnemar_p(one == self.labels, other == self.labels) for one in first for other in second]
        return {
            **mean_cell(self._right(first) - self._right(second)),
            "mcnemar_p": float(f"{max(chances):.3g}"),
        }

    def by_class(self, answers: np.ndarray) -> list[tuple[int, float]]:
        """Number of clips and accuracy of every class, nan for a class without clips."""
        rows = [np.flatnonzero(self.labels == label) for label in range(self.classes)]
        right = answers == self.labels
        return [(len(r), float(right[r].mean()) if len(r) else math.nan) for r in rows]

    def confusion(self, answers: np.ndarray) -> list[list[int]]:
        """Clips by true class (rows) and answer (columns)."""
        cells = np.bincount(self.labels * self.classes + answers, minlength=self.classes**2)
        return cells.reshape(self.classes, self.classes).tolist()

    def _right(self, passes: Sequence[np.ndarray]) -> np.ndarray:
        return np.mean([answers == self.labels for answers in passes], axis=0)


class ByClassName(Accuracy):
    """Judges a tagging model by the most probable of the dataset's classes, under AudioSet's names.

    Parameters
    ----------
    targets : (clips, classes)
    tags : (classes,) int
        Index of the model's answer for each of the dataset's classes.
    """

    def __init__(self, targets: np.ndarray, tags: list[int]):
        super().__init__(targets)
        self.tags = tags

    def keep(self, logits: Tensor) -> np.ndarray:
        return super().keep(logits[:, self.tags])


class MeanAveragePrecision:
    """Judges answers to clips that may have several classes each; answers are logits (clips, classes).

    The mean is over the classes that some clip has.
    """

    metric = short = "mAP"

    def __init__(self, targets: np.ndarray):
        self.targets = targets
        self.present = targets.any(0)
        clips = len(targets)
        generator = np.random.default_rng(0)
        self.resamples = generator.multinomial(clips, np.full(clips, 1 / clips), size=MAP_ROUNDS)

    @staticmethod
    def keep(logits: Tensor) -> np.ndarray:
        """The part of a batch's logits (clips, classes) that scoring needs."""
        return logits.float().cpu().numpy()

    @staticmethod
    def top(answers: np.ndarray) -> np.ndarray:
        """Most probable class of every clip."""
        return answers.argmax(1)

    def value(self, answers: np.ndarray) -> float:
        return float(np.mean([precision for n, precision in self.by_class(answers) if n]))

    def cell(self, *passes: np.ndarray) -> dict:
        """Value with its 95 % interval, from the standard error that a bootstrap over clips gives.

        Not from its percentiles: a clip drawn twice is retrieved twice in a row, so the resamples' average
        precision is too high, for rare classes by more than their scatter.
        """
        return self._cell(np.mean([self.value(one) for one in passes]), self._resampled(passes))

    def difference(self, first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> dict:
        """First minus second on the same clips, with a paired interval."""
        value = np.mean([self.value(one) for one in first]) - np.mean([self.value(one) for one in second])
        return self._cell(value, self._resampled(first) - self._resampled(second))

    @staticmethod
    def _cell(value: float, resampled: np.ndarray) -> dict:
        return cell(value, normal_interval(value, resampled))

    def by_class(self, answers: np.ndarray) -> list[tuple[int, float]]:
        """Number of clips and average precision of every class, nan for a class without clips."""
        return [
            (int(truth.sum()), float(average_precision_score(truth, scores)) if truth.any() else math.nan)
            for truth, scores in zip(self.targets.T, answers.T, strict=True)
        ]

    def _resampled(self, passes: Sequence[np.ndarray]) -> np.ndarray:
        return np.mean([weighted_map(self.targets, one, self.resamples) for one in passes], axis=0)


Scorer = Accuracy | MeanAveragePrecision


def weighted_map(targets: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """mAP of many resamples of the same clips, each class sorted once.

    Parameters
    ----------
    targets : (clips, classes) bool
    scores : (clips, classes)
    weights : (rounds, clips)
        How often each clip was drawn.

    Returns
    -------
    (rounds,)
        Like scikit-learn's average_precision_score, over the classes that a resample has clips of.
    """
    total, classes = np.zeros((2, len(weights)))
    for truth, score in zip(targets.T, scores.T, strict=True):
        order = np.argsort(-score, kind="stable")
        hits = np.flatnonzero(truth[order])
        # Clips of equal score are retrieved together: precision counts up to the last of them.
        ends = np.searchsorted(-score[order], -score[order][hits], side="right") - 1
        drawn = weights[:, order]
        retrieved = np.cumsum(drawn[:, hits], axis=1)[:, np.searchsorted(hits, ends, side="right") - 1]
        precision = retrieved / np.cumsum(drawn, axis=1)[:, ends].clip(min=1)
        held = drawn[:, hits].sum(1)
        total += (drawn[:, hits] * precision).sum(1) / held.clip(min=1)
        classes += held > 0
    return total / classes


def mean_cell(values: np.ndarray) -> dict:
    """Mean of one value a clip with its 95 % bootstrap interval over clips.

    Clips without a value (nan) are left out; "n" then gives how many remain.
    """
    left = int((~np.isnan(values)).sum())
    entry = cell(np.nanmean(values) if left else math.nan, bootstrap_interval(values))
    return entry if left == len(values) else {**entry, "n": left}


def ratio_cell(parts: np.ndarray, wholes: np.ndarray) -> dict:
    """Sum of ``parts`` over sum of ``wholes``, one of each a clip, with a bootstrap interval over clips."""
    ratio = parts.sum() / wholes.sum() if wholes.any() else math.nan
    return cell(ratio, ratio_interval(parts, wholes))


def cell(value: float, interval: tuple[float, float]) -> dict:
    """A number with its 95 % interval, as results files hold it."""
    return {"value": tidy(value), "ci95": [tidy(edge) for edge in interval]}


def tidy(value: float) -> float | None:
    """Rounded to five decimals; None for nan, which JSON does not have."""
    return None if math.isnan(value) else round(float(value), 5)
