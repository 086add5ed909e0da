"""The bundled models: what they recognise, how long they were trained, how fast they are when exported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tpexplore.checkpoints.bundled import RESULTS_FOLDER, bundled_card, bundled_names
from tpexplore.model.macs import count_macs
from tpexplore.model.plan import PREFIX_TOKENS
from tpexplore.numbers import percent
from tpexplore.results.store import find, measured_results, read_json
from training.readme.studies import current
from training.readme.tables import NOTHING, table

SHOWN_RATES = (1.0, 0.7, 0.5, 0.3)


def models_table() -> str:
    """The bundled models: what they recognise, and accuracy and computing at some keep-rates."""
    heads = [f"{percent(rate)} kept" for rate in SHOWN_RATES]
    lines = []
    for name in sorted(bundled_names()):
        card, results = bundled_card(name), measured_results(name) or {}
        cells = [_accuracy(results, rate) + _saved(card, rate) for rate in SHOWN_RATES]
        tested = f"{results['n']:,} clips, {results['split']}" if results else NOTHING
        lines.append([f"`{name}`", card["task"], *cells, tested])
    return table(["model", "recognises", *heads, "tested on"], lines)


def training_table() -> str:
    """How long each bundled model was trained, from its card."""
    lines = []
    for name in sorted(bundled_names()):
        card, results = bundled_card(name), measured_results(name) or {}
        before = card.get("start") or card.get("pretrained") or {}
        minutes = [card.get("training_minutes"), find(card, "teacher", "last", "minutes")]
        # A run has its last log line, a bundled model its card.
        minutes.append(find(before, "last", "minutes") or before.get("training_minutes"))
        source = f"`{before['model']}`" if "model" in before else ""
        texts = ["" if m is None else f"{m:.0f}" for m in minutes]
        shares = " / ".join(_accuracy(results, rate) for rate in SHOWN_RATES)
        lines.append([f"`{name}`", texts[0], texts[1], texts[2] or source, shares])
    rates = " / ".join(f"{rate:.1f}" for rate in SHOWN_RATES)
    heads = ["model", "minutes", "its teacher's", "its start", f"accuracy by attention at keep-rate {rates}"]
    return table(heads, lines)


def onnx_table(results: Mapping[str, Any] | None = None) -> str:
    """Time of exported models over that of the unpruned ones, by `training.export_speed`.

    Reads the bundled file unless another one's content is passed.
    """
    if results is None:
        results, missing = read_json(RESULTS_FOLDER / "onnx-speed.json")
        if missing:
            return "Not measured yet: python -m training.export_speed has not been run."
    lines = []
    for name, model in current(results["models"]).items():
        cells = model["keep_rates"].values()
        shares = [f"{cell['time_ratio']:.2f} (MACs {cell['mac_ratio']:.2f})" for cell in cells]
        shown = f"`{name}`" if model["weights_sha256"] else f"{name}, random weights"
        lines.append([shown, str(model["patches"]), f"{model['unpruned_ms']:,.0f} ms", *shares])
    rates = next(iter(results["models"].values()))["keep_rates"]
    return table(["model", "patches", "unpruned", *(f"at {float(rate):.1f}" for rate in rates)], lines)


def _accuracy(results: Mapping[str, Any], rate: float) -> str:
    """ "72.2 %", or "0.41 mAP" of a model that is not judged by its most probable class."""
    value = find(results, "keep_rate", "attention", f"{rate:.2f}", "value")
    if value is None:
        return NOTHING
    if results["metric"] == "top-1 accuracy":
        return percent(value, ".1f")
    return f"{value:.3f} {results['metric']}"


def _saved(card: Mapping[str, Any], rate: float) -> str:
    """How much less a model computes at a keep-rate, from the exact count."""
    size = {
        "dim": card["recipe"]["dim"],
        "depth": card["recipe"]["depth"],
        "tokens": card["patches"],
        "prefix": PREFIX_TOKENS[card["family"]],
        "classes": len(card["labels"]),
    }
    saved = 1 - count_macs(**size, keep_rate=rate) / count_macs(**size)
    return f" (−{percent(saved)})" if saved else ""
