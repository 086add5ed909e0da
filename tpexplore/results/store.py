"""Measured numbers of our models: the one reader of assets/results and assets/analysis. Needs no torch.

A file counts only if it was measured on the weights in question; `of_weights` is the one check of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tpexplore.checkpoints import bundled
from tpexplore.errors import UNREADABLE_JSON, InputError
from tpexplore.results.measures import Measure, read_measure
from tpexplore.text import load_json


def read_json(path: Path) -> tuple[dict[str, Any], str]:
    """Content of a file and "", or {} and the problem."""
    shown = f"assets/{path.parent.name}/{path.name}"
    try:
        content = load_json(path)
    except FileNotFoundError:
        return {}, f"{shown} is missing"
    except (OSError, *UNREADABLE_JSON):
        return {}, f"{shown} cannot be read"
    return (content, "") if isinstance(content, dict) else ({}, f"{shown} holds no results")


def of_weights(content: Mapping[str, Any] | None, sha256: str | None) -> Mapping[str, Any] | None:
    """A card, results or analysis, if it belongs to the weights with this sha256; else None."""
    return content if content and content.get("weights_sha256") == sha256 else None


def measured_results(name: str, sha256: str | None = None) -> dict[str, Any] | None:
    """What `training.evaluate` measured of a model.

    Parameters
    ----------
    name : str
        Of a bundled model.
    sha256 : str, optional
        Of the weights that it must have been measured on; those on the model's card by default.

    Returns
    -------
    dict or None
        The form is fixed by the design: "metric", "n", "split", "weights_sha256", … and under "keep_rate"
        score -> rate ("0.70") -> {"value", "ci95"}. None where nothing was measured on these weights.
    """
    return _measured(bundled.RESULTS_FOLDER, name, sha256)


def methods_folder() -> Path:
    """Where `training.methods` writes."""
    return bundled.RESULTS_FOLDER / "methods"


def measured_methods(name: str, sha256: str | None = None) -> dict[str, Any] | None:
    """What `training.methods` measured of a model; parameters as of `measured_results`.

    Under "accuracy" and "paired": method -> score -> rate -> {"value", "ci95", …}, where "paired" is the
    difference to dropping by attention. Under "faithfulness", if measured: the answers to kept and removed
    parts alone.
    """
    return _measured(methods_folder(), name, sha256)


def measured_analysis(name: str, sha256: str | None = None) -> dict[str, Any] | None:
    """What `training.analyze` measured of a model; parameters as of `measured_results`.

    Kendall's tau, cluster survival, histograms, removal and attention over a whole split, under
    "kendall", "survival", "histograms", "removal" and "attention_of_kept", with the provenance that
    `measured_results` has.
    """
    return _measured(bundled.ANALYSIS_FOLDER, name, sha256)


def _measured(folder: Path, name: str, sha256: str | None) -> dict[str, Any] | None:
    content, _ = read_json(folder / f"{name}.json")
    if content and sha256 is None:
        sha256 = read_json(bundled.MODELS_FOLDER / f"{name}.json")[0].get("weights_sha256")
    return of_weights(content, sha256)


_ON_A_CARD = {"name": str, "family": str, "task": str, "patches": int, "parameters": int, "bytes": int}


def bundled_models() -> list[dict[str, Any]]:
    """One entry per bundled model: name, family, task, patches, parameters, bytes, accuracy.

    ``accuracy`` is the measured accuracy at keep-rate 1.0, a fraction, or None where nothing was
    measured.
    """
    models = []
    for name in bundled.bundled_names():
        card, results = bundled.bundled_card(name), measured_results(name)
        measured = read_measure(find(results, "keep_rate", "attention", "1.00"))
        for key, kind in _ON_A_CARD.items():
            if not isinstance(card.get(key), kind):
                raise InputError(f"The card of {name} lacks {key!r}, or it is damaged; restore it.")
        entry = {key: card[key] for key in _ON_A_CARD}
        models.append({**entry, "accuracy": measured and measured.value})
    return models


@dataclass(frozen=True)
class Evidence:
    """The measurements of one of our models. A file for other weights than the card's counts as missing."""

    name: str
    family: str
    task: str
    card: Mapping[str, Any]
    results: Mapping[str, Any]
    analysis: Mapping[str, Any]
    problems: Mapping[str, str]
    """Why "results", "analysis" or "card" is empty."""
    scores: Mapping[str, Any] = field(default_factory=dict)
    """Of `training.score_study`: further models of this family and task, one trained for each score."""

    def cell(self, source: str, *path: str | int) -> Measure | None:
        """The number at ``path`` of "results", "analysis", "scores" or "card", or None."""
        return read_measure(find(getattr(self, source), *path))

    def why_not(self, source: str, what: str) -> str:
        """One sentence on why ``what`` is not there."""
        return self.problems.get(source) or f"Not measured yet: {self.name} has no {what}."


def read_evidence(name: str, assets: Path) -> Evidence:
    """Read everything in ``assets`` about the model FAMILY-TASK."""
    family, task = name.split("-")
    card, problem = read_json(assets / "models" / f"{name}.json")
    if problem:
        reason = f"Not measured yet: {name} is not trained yet."
        return Evidence(
            name, family, task, {}, {}, {}, dict.fromkeys(("card", "results", "analysis"), reason)
        )
    files, problems = {}, {}
    for source in ("results", "analysis"):
        content, problem = read_json(assets / source / f"{name}.json")
        files[source] = of_weights(content, card.get("weights_sha256")) or {}
        if content and not files[source]:
            problem = f"assets/{source}/{name}.json was measured on other weights than those bundled"
        if problem:
            problems[source] = f"Not measured yet: {problem}."
    scores, _ = read_json(assets / "results" / "studies" / f"scores-{name}-study.json")
    return Evidence(name, family, task, card, files["results"], files["analysis"], problems, scores)


def find(tree: Any, *path: str | int) -> Any:
    """What lies at ``path`` of nested dicts and lists, or None."""
    for key in path:
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def entries(tree: Any, *path: str | int) -> dict[str, Any]:
    """The dict at ``path``, or {} if there is none, as in a file that was spoilt by an editor."""
    content = find(tree, *path)
    return content if isinstance(content, dict) else {}
