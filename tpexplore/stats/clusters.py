"""Clusters of a patch statistic over a whole dataset (paper Sec. III-C, Fig. 5 and Table III)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from tpexplore.errors import InputError
from tpexplore.stats.cluster_names import CLUSTER_COUNT
from tpexplore.stats.values import real_tensor

_STEPS_PER_BIN = 4096
"""Fixed-point steps in one histogram bin."""
_REACH = 1000
"""Largest value a histogram takes, in widths of its range: further out the sums might overflow."""


@dataclass(frozen=True)
class Clusters:
    """Clusters of one statistic, lowest first (paper Fig. 5 and Table III).

    Attributes
    ----------
    edges : tuple of k + 1 floats
        Smallest value, the k - 1 boundaries, largest value.
    shares : tuple of k floats
        Share of all values that each cluster holds.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        ascending = all(low <= high for low, high in pairwise(self.edges))
        if not self.shares or len(self.edges) != len(self.shares) + 1 or not ascending:
            raise InputError(
                f"Cluster edges {self.edges} with shares {self.shares} do not fit;"
                " expected ascending edges, one more than shares."
            )

    def assign(self, values: Tensor) -> Tensor:
        """Cluster 0 … k - 1 of each value, int64, in the shape of ``values``.

        A value on a boundary goes to the upper cluster, one beyond the ends to the end cluster.
        """
        values = real_tensor(values, "values")
        boundaries = torch.tensor(self.edges[1:-1], dtype=torch.float64, device=values.device)
        return torch.bucketize(values.double(), boundaries, right=True)


class ValueHistogram:
    """Histogram of a statistic over a whole dataset, filled batch by batch.

    All sums are of integers: each value is rounded once, to 1/4096 of a bin, and nothing is rounded
    after that. So neither the batches, nor their order, nor a division into shards that are merged
    changes a single bit of the outcome; and the mean of a bin is that of its values to within 1/8192 of
    a bin (3e-8 as set by default, less than float32 resolves at 1).

    Parameters
    ----------
    low, high : float
        Range of the bins. Values beyond it count in the end bins, with their true size in the mean.
    bins : int
        Bins of equal width.

    Attributes
    ----------
    counts : (bins,) int64
    sums : (bins,) int64
        Sums of value - low, in units of 1/4096 of a bin.
    minimum, maximum : float
        Exact; inf and -inf while empty.
    """

    def __init__(self, low: float = -8.0, high: float = 8.0, bins: int = 65536):
        if not (-math.inf < low < high < math.inf and bins >= 2):
            raise InputError(
                f"A histogram from {low} to {high} in {bins} bins is impossible;"
                " expected a low end below the high end and at least two bins."
            )
        self.low, self.high, self.bins = float(low), float(high), bins
        self.counts = torch.zeros(bins, dtype=torch.int64)
        self.sums = torch.zeros(bins, dtype=torch.int64)
        self.minimum, self.maximum = math.inf, -math.inf

    @property
    def unit(self) -> float:
        """What one step of ``sums`` is worth."""
        return (self.high - self.low) / self.bins / _STEPS_PER_BIN

    @property
    def count(self) -> int:
        """Values added so far."""
        return int(self.counts.sum())

    def add(self, values: Tensor) -> ValueHistogram:
        """Count ``values``, of any shape; returns the histogram itself."""
        values = real_tensor(values, "values").cpu().double().flatten()
        if not values.numel():
            return self
        low, high = (float(end) for end in values.aminmax())
        reach = _REACH * (self.high - self.low)
        if not (abs(low) <= reach and abs(high) <= reach):
            raise InputError(
                f"Values from {low:g} to {high:g} cannot be counted;"
                f" expected numbers between -{reach:g} and {reach:g}."
            )
        steps = ((values - self.low) / self.unit).round().long()
        # Integer division of a negative number rounds down here, so all below the range is below bin 0.
        bins = (steps // _STEPS_PER_BIN).clamp(0, self.bins - 1)
        self.counts += torch.bincount(bins, minlength=self.bins)
        self.sums.index_add_(0, bins, steps)
        self.minimum, self.maximum = min(self.minimum, low), max(self.maximum, high)
        return self

    def merge(self, other: ValueHistogram) -> ValueHistogram:
        """Add what ``other``, a shard with the same bins, has counted; returns the histogram itself."""
        if (self.low, self.high, self.bins) != (other.low, other.high, other.bins):
            raise InputError(
                f"A histogram from {other.low} to {other.high} in {other.bins} bins does not merge into one"
                f" from {self.low} to {self.high} in {self.bins}; expected the same bins."
            )
        self.counts += other.counts
        self.sums += other.sums
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        return self


def cluster_values(histogram: ValueHistogram, clusters: int = CLUSTER_COUNT, seed: int = 123) -> Clusters:
    """One-dimensional K-means of all values in a histogram (paper Sec. III-C: five clusters a dataset).

    The published code runs scikit-learn's KMeans once over every patch of the dataset, which may miss the
    best boundaries by some hundredths. Here it runs ten times over the filled bins, weighted by their
    counts, and the best run is refined until it converges. Boundaries lie half-way between neighbouring
    centres, where K-means puts them.

    Raises
    ------
    InputError
        If fewer bins are filled than there are clusters.
    """
    # Imported here: scikit-learn costs import time, and most of the library never needs it.
    from sklearn.cluster import KMeans

    counts, sums = histogram.counts.numpy(), histogram.sums.numpy()
    filled = counts > 0
    if not 1 <= clusters <= filled.sum():
        raise InputError(
            f"{clusters} clusters cannot be made of {filled.sum()} different values;"
            " expected at least one cluster and no more than values."
        )
    means = sums[filled] / counts[filled]
    fit = KMeans(clusters, n_init=10, random_state=seed).fit(means[:, None], sample_weight=counts[filled])
    centres = np.sort(fit.cluster_centers_[:, 0])
    # A bin moves as a whole, so KMeans on bins stops a few bins early where the optimum is flat; and its
    # threads add up in any order. So from here on a boundary cuts through bins, and nothing is threaded.
    # Only the end bins stay whole: they reach as far as the values beyond the range.
    running = np.cumsum([counts, sums], axis=1)
    inner_edges = np.arange(1, histogram.bins) * float(_STEPS_PER_BIN)
    for _ in range(10_000):
        cuts = (centres[1:] + centres[:-1]) / 2
        held, total = (
            np.diff(np.interp(cuts, inner_edges, below[:-1]), prepend=0, append=below[-1])
            for below in running
        )
        previous, centres = centres, total / held
        if np.abs(centres - previous).max() < 1e-3:
            break
    # Rounded, because the last bits are the noise of KMeans' threads, and results are stored and compared.
    boundaries = histogram.low + histogram.unit * cuts.round()
    shares = (held / held.sum()).round(9)
    return Clusters((histogram.minimum, *boundaries.tolist(), histogram.maximum), tuple(shares.tolist()))


def cluster_counts(clusters: Tensor, count: int = CLUSTER_COUNT) -> Tensor:
    """Patches in each cluster, (count,) int64, over clusters of any shape."""
    clusters = real_tensor(clusters, "clusters")
    if clusters.is_floating_point():
        raise InputError(f"The clusters are {clusters.dtype}; expected whole numbers from 0 to {count - 1}.")
    if clusters.numel() and (int(clusters.min()) < 0 or int(clusters.max()) >= count):
        raise InputError(
            f"Clusters run from {int(clusters.min())} to {int(clusters.max())};"
            f" expected whole numbers from 0 to {count - 1}."
        )
    return torch.bincount(clusters.flatten(), minlength=count)


def cluster_survival(
    clusters: Tensor, kept: Mapping[int, Tensor], count: int = CLUSTER_COUNT
) -> dict[int, Tensor]:
    """Patches of each cluster that survive each pruning stage, summed over the batch (paper Sec. III-E).

    Parameters
    ----------
    clusters : (batch, patches), int64
        From `Clusters.assign`.
    kept : {stage: (batch, k)}
        Patch ids that survive the stage, as a model's ``out.kept`` gives them.

    Returns
    -------
    dict of (count,) int64
        Keys are stages; ``cluster_counts(clusters)`` has the counts before pruning.
    """
    for stage, ids in kept.items():
        # gather would accept a shorter batch silently.
        if len(ids) != len(clusters) or (
            ids.numel() and not 0 <= int(ids.min()) <= int(ids.max()) < clusters.shape[1]
        ):
            raise InputError(
                f"Patch ids of shape {tuple(ids.shape)} kept at stage {stage} do not fit clusters of shape"
                f" {tuple(clusters.shape)}; expected one row a clip and ids below {clusters.shape[1]}."
            )
    return {stage: cluster_counts(clusters.gather(1, ids.long()), count) for stage, ids in kept.items()}
