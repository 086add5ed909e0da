"""The first entries of results files: the model, data and commit of their numbers."""

from __future__ import annotations

from datetime import datetime, timezone

from training.data.features import Features
from training.engine.identity import git_commit


def provenance(name: str, features: Features, metric: str, n: int, *, sha256: str, made_by: str) -> dict:
    """The first entries of results files. Only "date", and "commit" in another tree, differ in a rerun."""
    return {
        "model": name,
        "task": features.meta["task"],
        "split": features.meta["split"],
        "features": list(features.keys),
        "metric": metric,
        "n": n,
        "weights_sha256": sha256,
        "commit": git_commit(),
        "made_by": made_by,
        "date": datetime.now(timezone.utc).date().isoformat(),
    }
