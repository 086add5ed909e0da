"""Made-up measured files of all our models: the form is real, the numbers let every finding hold."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from tpexplore.checkpoints.bundled import ASSETS
from tpexplore.model.plan import KEEP_RATES

MODELS = ("audiomae-spc12", "ast-spc12", "audiomae-esc50", "ast-esc50", "audiomae-speaker34")
STATISTICS = ("intensity", "variation")
UNPRUNED = 0.9
RATES = ("0.30", "0.40", "0.50", "0.60", "0.70", "0.80", "0.90")
BLOCKS = range(1, 12)


def cell(value: float, reach: float = 0.01) -> dict:
    """A number with its interval, as results files hold it."""
    return {"value": round(value, 5), "ci95": [round(value - reach, 5), round(value + reach, 5)]}


def made_up_card(name: str) -> dict:
    return {
        "name": name,
        "family": name.split("-")[0],
        "weights_sha256": f"weights of {name}",
        "parameters": 5_000_000,
        "data": {"training_clips": 1000},
        "clusters": {
            "intensity": {"edges": [-1.0, -0.5, -0.2, 0.1, 0.5, 1.4], "shares": [0.3, 0.25, 0.2, 0.15, 0.1]},
            "variation": {"edges": [0.0, 0.1, 0.2, 0.3, 0.5, 1.2], "shares": [0.35, 0.25, 0.2, 0.15, 0.05]},
        },
    }


def made_up_results(name: str) -> dict:
    def drop(rate: float, score: str) -> float:
        return (1 - rate) * (0.1 if score == "attention" else 0.3)

    low = 0.1 if name.endswith("esc50") else 0.02
    return {
        "model": name,
        "split": "test",
        "n": 500,
        "weights_sha256": f"weights of {name}",
        "keep_rate": {
            score: {f"{rate:.2f}": cell(UNPRUNED - drop(rate, score)) for rate in KEEP_RATES}
            for score in ("attention", *STATISTICS)
        },
        "removal": {
            "L": {str(b): cell(UNPRUNED - low * (12 - b) / 11) for b in (1, 3, 5, 7, 9, 11)},
            "H": {str(b): cell(UNPRUNED - 0.5 * (12 - b) / 11) for b in (1, 3, 5, 7, 9, 11)},
        },
        "paired": {
            f"attention_minus_{other}": {rate: cell(0.2 * (1 - float(rate))) for rate in RATES}
            for other in (*STATISTICS, "random")
        },
        "further": {
            "random": {rate: cell(0.5) for rate in RATES},
            **{f"{s}_shifted": {rate: cell(0.6) for rate in RATES} for s in STATISTICS},
            "trained_at_0.50": {**cell(0.84), "elastic_minus_fixed": cell(0.01)},
        },
    }


def made_up_analysis(name: str) -> dict:
    mae, full = name.startswith("audiomae"), name.endswith("esc50")
    crowd = np.arange(400).reshape(20, 20)
    stages = {"4": 0.5, "7": 0.25, "10": 0.125}
    padding = dict.fromkeys(stages) if full else {b: v * (0.1 if mae else 1) for b, v in stages.items()}
    group = {
        "removed_share": 0.4,
        "values": [cell(0.7) for _ in BLOCKS],
        "random": [cell(0.8) for _ in BLOCKS],
        "difference": [cell(-0.1) for _ in BLOCKS],
    }
    return {
        "model": name,
        "n": 500,
        "weights_sha256": f"weights of {name}",
        "padding_share": 0.0 if full else 0.1,
        "kendall": {
            s: {
                kind: [cell(tau) for _ in range(12)] for kind, tau in (("clusters", 0.3), ("concordant", 0.5))
            }
            for s in STATISTICS
        },
        "kendall_sound": {s: [cell(0.2) for _ in range(12)] for s in STATISTICS},
        "survival": {
            "0.50": {
                "padding": padding,
                "sound": stages,
                "low_intensity_share_of_kept": cell(0.38 if mae else 0.2),
            }
        },
        "histograms": {
            "x_edges": np.linspace(-1, 1.4, 21).tolist(),
            "y_edges": np.linspace(0, 1.2, 21).tolist(),
            **{key: crowd.tolist() for key in ("input", "input_sound", "kept", "kept_sound")},
        },
        "removal": {"unpruned": cell(UNPRUNED), "intensity": {"L": group, "H": group}},
    }


class Files:
    """A folder of assets that tests may change: ``files["results", "ast-esc50"]["n"] = 3``, then save."""

    def __init__(self, folder: Path, models: tuple[str, ...] = MODELS):
        self.folder = folder
        shutil.copytree(ASSETS / "published", folder / "published", dirs_exist_ok=True)
        kinds = {"models": made_up_card, "results": made_up_results, "analysis": made_up_analysis}
        self.content = {(kind, name): make(name) for kind, make in kinds.items() for name in models}
        self.save()

    def __getitem__(self, key: tuple[str, str]) -> dict:
        return self.content[key]

    def of(self, kind: str) -> list[dict]:
        """All files of a kind."""
        return [content for (own, _), content in self.content.items() if own == kind]

    def path(self, kind: str, name: str) -> Path:
        return self.folder / kind / f"{name}.json"

    def save(self) -> Path:
        """Write the files; returns their folder."""
        for (kind, name), content in self.content.items():
            self.path(kind, name).parent.mkdir(exist_ok=True)
            self.path(kind, name).write_text(json.dumps(content))
        return self.folder
