"""Drop, fuse or merge: what was measured of each bundled model, in sentences. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tpexplore.checkpoints.bundled import ASSETS, bundled_names
from tpexplore.model.plan import METHODS
from tpexplore.numbers import number, percent
from tpexplore.results.measures import Measure, above_and_below, join, read_measure, with_interval
from tpexplore.results.store import find, of_weights, read_json

QUOTED_RATE = "0.50"
"""Keep-rate of the numbers in sentences."""
LOW_RATE = "0.30"
"""Where the methods differ most: how many models one helps or harms is counted here too."""
HEARD_RATE = "0.70"
RATE_TEXT, LOW_TEXT = percent(QUOTED_RATE), percent(LOW_RATE)
LEADS = METHODS[1:]
"""What is compared with dropping."""
DOING = {"drop": "dropping", "fuse": "fusing", "merge": "merging"}
BY = "attention"
NOT_MEASURED = "Not measured yet: run python -m training.methods NAME FEATURES."

Measured = Mapping[str, Mapping[str, Any]]
"""Content of assets/results/methods by model."""
Studies = Mapping[str, Mapping[str, Any]]
"""Content of assets/results/studies/methods-NAME-study.json by NAME, the family and task that was trained."""


def load_methods(assets: Path = ASSETS) -> dict[str, dict[str, Any]]:
    """What `training.methods` measured of every bundled model, of the weights on its card only."""
    contents = {}
    for name in bundled_names():
        content, _ = read_json(assets / "results" / "methods" / f"{name}.json")
        card, _ = read_json(assets / "models" / f"{name}.json")
        if content and of_weights(content, card.get("weights_sha256")):
            contents[name] = content
    return contents


def load_method_studies(assets: Path = ASSETS) -> dict[str, dict[str, Any]]:
    """What `training.methods_study` measured: one short training a method from a common start."""
    files = sorted((assets / "results" / "studies").glob("methods-*-study.json"))
    contents = {
        file.stem.removeprefix("methods-").removesuffix("-study"): read_json(file)[0] for file in files
    }
    return {name: content for name, content in contents.items() if content}


def trained_lead(study: Mapping[str, Any], method: str) -> Measure | None:
    """Accuracy of the model trained by a method minus that of the one trained by dropping, in points."""
    cell = read_measure(find(study, "paired", method))
    return cell and cell.scaled(100)


def lead(results: Mapping[str, Any], method: str, score: str = BY, rate: str = QUOTED_RATE) -> Measure | None:
    """Accuracy minus that of dropping by attention on the same clips at the same keep-rate, in points."""
    cell = read_measure(find(results, "paired", method, score, rate))
    return cell and cell.scaled(100)


def cost_gap(measured: Measured, rate: str = QUOTED_RATE) -> float:
    """Extra cost of the most expensive method over dropping at the same keep-rate, as a share of its MACs."""
    gaps = [
        find(results, "accuracy", method, BY, rate, "macs") / dropped - 1
        for results in measured.values()
        if (dropped := find(results, "accuracy", "drop", BY, rate, "macs"))
        for method in LEADS
        if find(results, "accuracy", method, BY, rate, "macs")
    ]
    return max(gaps, default=0.0)


def verdict(measured: Measured, studies: Studies) -> str:
    """What fusing and merging gain or lose against dropping at the same cost, for every model and trained."""
    parts = []
    for method in LEADS:
        named = [(name, gain) for name, results in measured.items() if (gain := lead(results, method))]
        if named:
            parts.append(f"{DOING[method]} loses {_less(named)}")
    if not parts:
        return NOT_MEASURED
    more = percent(cost_gap(measured), ".1f")
    ways = "; ".join(parts)
    trained = after_training(studies)
    also = f" {trained[0].upper()}{trained[1:]}." if trained else ""
    return f"At keep-rate {RATE_TEXT} and the same cost (at most {more} more) as dropping, {ways}.{also}"


def _less(gains: Sequence[tuple[str, Measure]]) -> str:
    """Each model whose loss differs with its difference; those whose loss does not are listed once."""
    parts = [
        f"{number(abs(gain.value), '.1f')} points {'less' if gain.sign > 0 else 'more'} on {name}"
        for name, gain in gains
        if gain.sign
    ]
    alike = [name for name, gain in gains if not gain.sign]
    if alike:
        everywhere = len(alike) == len(gains) > 2
        parts.append(f"about as much on {f'all {len(alike)} models' if everywhere else join(alike)}")
    return join(parts)


def summary(measured: Measured) -> list[str]:
    """Three short sentences: how many models fusing and merging help, and whether the kept sound suffices."""
    return [*(_counts(measured, method) for method in LEADS), _faithful(measured)]


def details(measured: Measured, studies: Studies) -> list[str]:
    """What fusing and merging gain, each in a sentence with the lowest and the highest gain of all models."""
    return [_gains(measured, studies, method) for method in LEADS]


def after_training(studies: Studies, methods: Sequence[str] = LEADS) -> str:
    """Whether training closes the gap: each method against dropping, both trained so, or "".

    A clause without a full stop: "after a short training by each method, merging changes the accuracy by x".
    """
    parts = [
        f"{DOING[method]} changes the accuracy by {with_interval(gain, '+.1f')} points ({name})"
        for method in methods
        for name, study in studies.items()
        if (gain := trained_lead(study, method))
    ]
    return f"after a short training by each method, {join(parts)}" if parts else ""


def _counts(measured: Measured, method: str) -> str:
    doing = DOING[method].capitalize()
    gains = _lead_of_all(measured, method)
    if not gains:
        return _unmeasured(doing)
    better, worse = above_and_below(gains)
    gains_at_low = _lead_of_all(measured, method, LOW_RATE)
    helped, harmed = above_and_below(gains_at_low)
    lower = f"; at {LOW_TEXT} it helps {helped} and harms {harmed}" if gains_at_low else ""
    models = f"{len(gains)} model{'s' * (len(gains) > 1)}"
    return (
        f"{doing} instead of dropping helps {better} of {models} at keep-rate {RATE_TEXT} and harms"
        f" {worse}{lower}."
    )


def _gains(measured: Measured, studies: Studies, method: str) -> str:
    named = [(name, gain) for name, results in measured.items() if (gain := lead(results, method))]
    doing = DOING[method].capitalize()
    if not named:
        return _unmeasured(doing)
    ends = sorted(named, key=lambda pair: pair[1].value)
    gains = [f"{with_interval(gain, '+.1f')} points ({name})" for name, gain in (ends[0], ends[-1])]
    span = gains[0] if len(named) == 1 else f"{gains[0]} to {gains[1]}"
    trained = after_training(studies, [method])
    also = f"; {trained}" if trained else ""
    return f"{doing} instead of dropping changes the accuracy at keep-rate {RATE_TEXT} by {span}{also}."


def _unmeasured(doing: str) -> str:
    return f"{doing} instead of dropping has not been measured yet."


def _lead_of_all(measured: Measured, method: str, rate: str = QUOTED_RATE) -> list[Measure]:
    return [gain for results in measured.values() if (gain := lead(results, method, rate=rate))]


def heard(
    results: Mapping[str, Any],
    part: str,
    what: str,
    score: str = BY,
    method: str = "drop",
    rate: str = HEARD_RATE,
) -> Measure | None:
    """A cell of the faithfulness of one model: "same_answer" or "confidence_drop" of "kept" or "removed"."""
    return read_measure(find(results, "faithfulness", "ways", method, score, rate, part, what))


def _faithful(measured: Measured) -> str:
    shares = {
        name: [heard(results, part, "same_answer") for part in ("kept", "removed")]
        for name, results in measured.items()
    }
    random = {name: heard(results, "kept", "same_answer", "random") for name, results in measured.items()}
    named = [name for name, pair in shares.items() if all(pair) and random[name]]
    if not named:
        return "Whether the sound of the kept patches alone gets the same answer has not been measured yet."

    def span_of(values: Sequence[Measure]) -> str:
        shown = sorted(value.value for value in values)
        low, high = (number(100 * end, ".0f") for end in (shown[0], shown[-1]))
        return percent(shown[-1]) if low == high else f"{low} to {percent(shown[-1])}"

    kept, removed = (span_of([shares[name][at] for name in named]) for at in (0, 1))
    return (
        "Heard alone, the sound of the patches that attention keeps at keep-rate"
        f" {percent(HEARD_RATE)} gets the same answer for"
        f" {kept} of the clips, that of the removed ones for {removed}, and as many random patches for"
        f" {span_of([random[name] for name in named])}."
    )
