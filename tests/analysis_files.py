"""A made-up file of `training.analyze` for tests: the form is real, the numbers are not."""

from __future__ import annotations

import numpy as np

from tpexplore.model.plan import PRUNE_BLOCKS

STATISTICS = ("intensity", "variation")
CARD_CLUSTERS = {
    "intensity": {"edges": [-0.9, -0.55, -0.25, 0.1, 0.5, 1.3], "shares": [0.3, 0.25, 0.2, 0.15, 0.1]},
    "variation": {"edges": [0.0, 0.1, 0.2, 0.3, 0.45, 1.2], "shares": [0.35, 0.25, 0.2, 0.15, 0.05]},
}


def made_up_analysis(name: str, sha256: str) -> dict:
    """Content of assets/analysis/NAME.json for weights of that checksum."""
    noise = np.random.default_rng(0)

    def cell(value: float) -> dict:
        return {"value": round(value, 5), "ci95": [round(value - 0.02, 5), round(value + 0.02, 5)]}

    def blocks(level: float) -> list[dict]:
        return [cell(level * block / 12 + 0.03 * noise.normal()) for block in range(1, 13)]

    def stages(rate: float, group: int) -> dict:
        return {str(b): round((rate ** (i + 1)) * (0.4 + 0.3 * group), 5) for i, b in enumerate(PRUNE_BLOCKS)}

    def survival(rate: float) -> dict:
        by_cluster = [stages(rate, group) for group in range(5)]
        lists = {str(b): [part[str(b)] for part in by_cluster] for b in PRUNE_BLOCKS}
        return {
            "intensity_clusters": lists,
            "variation_clusters": lists,
            "padding": stages(rate, 0),
            "sound": stages(rate, 2),
        }

    x, y = np.meshgrid(np.arange(20), np.arange(20), indexing="ij")
    crowd = np.round(3000 * np.exp(-((x - 9) ** 2 + (y - 5) ** 2) / 20)).astype(int)
    kept = np.round(crowd * x / 76).astype(int)

    def fate(level: float) -> dict:
        return {"mean": level, "quantiles": [round(level * f, 5) for f in (0.3, 0.6, 0.9, 1.3, 2.4)]}

    return {
        "model": name,
        "task": "made up",
        "split": "test",
        "n": 680,
        "weights_sha256": sha256,
        "commit": "0",
        "made_by": "tests",
        "date": "2026-01-01",
        "clusters": CARD_CLUSTERS,
        "padding_share": 0.1,
        "kendall": {
            s: {"raw": blocks(0.4), "clusters": blocks(0.5), "concordant": blocks(0.7)} for s in STATISTICS
        },
        "kendall_sound": {s: blocks(0.3) for s in STATISTICS},
        "survival": {f"{rate:.2f}": survival(rate) for rate in (0.3, 0.5, 0.7)},
        "histograms": {
            "keep_rate": 0.5,
            "x_edges": np.linspace(-1, 1.3, 21).round(5).tolist(),
            "y_edges": np.linspace(0, 1.2, 21).round(5).tolist(),
            "input": crowd.tolist(),
            "input_sound": (crowd // 2).tolist(),
            "kept": kept.tolist(),
            "kept_sound": (kept // 2).tolist(),
        },
        "attention_of_kept": {
            "note": "",
            "0.50": {
                str(b): {
                    "kept": fate(1.6),
                    "dropped": fate(0.5),
                    "delta": 0.9,
                    "by_cluster": [0.95, 0.9, 0.88, 0.85, None],
                    "later_delta": cell(0.6 - 0.02 * b),
                }
                for b in PRUNE_BLOCKS
            },
        },
    }
