"""What the clusters of a patch statistic are called, lowest first. Needs no torch."""

from __future__ import annotations

CLUSTER_NAMES = ("C1", "C2", "C3", "C4", "C5")

CLUSTER_COUNT = len(CLUSTER_NAMES)
