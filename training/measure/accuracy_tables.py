"""Tables of a results file, from the answers to every clip on every way through the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tpexplore.model.plan import KEEP_RATES, SCORES, STATISTICS
from training.measure.ways import FURTHER_RATES, RANDOM_SEEDS, Way, rate_key
from training.scoring.scores import Accuracy, Scorer, tidy

CLASS_RATES = (1.0, 0.7, 0.5)
CONFUSION_RATES = (1.0, 0.5)


def keep_rates(scorer: Scorer, answers: Mapping[Way, np.ndarray]) -> dict:
    unpruned = scorer.top(answers["unpruned",])
    table: dict[str, dict[str, dict]] = {score: {} for score in SCORES}
    for score in SCORES:
        for rate in map(rate_key, reversed(KEEP_RATES)):
            pruned = answers[score, rate]
            same = float((scorer.top(pruned) == unpruned).mean())
            table[score][rate] = {**scorer.cell(pruned), "same_answer_as_unpruned": tidy(same)}
    return table


def per_class(scorer: Scorer, answers: Mapping[Way, np.ndarray], labels: Sequence[str]) -> dict:
    """For every class its clips and, by keep-rate, its accuracy (multi-label: average precision)."""
    by_rate = {rate_key(r): scorer.by_class(answers["attention", rate_key(r)]) for r in CLASS_RATES}
    return {
        label: {
            "n": by_rate[rate_key(1.0)][index][0],
            scorer.short: {rate: tidy(classes[index][1]) for rate, classes in by_rate.items()},
        }
        for index, label in enumerate(labels)
    }


def confusion(scorer: Scorer, answers: Mapping[Way, np.ndarray]) -> dict:
    """Clips by true class (rows) and answer; {} if clips may have several classes."""
    if not isinstance(scorer, Accuracy):
        return {}
    keys = map(rate_key, CONFUSION_RATES)
    return {"confusion": {key: scorer.confusion(answers["attention", key]) for key in keys}}


def _random(answers: Mapping[Way, np.ndarray], rate: str) -> list[np.ndarray]:
    return [answers[f"random {seed}", rate] for seed in RANDOM_SEEDS]


def further(scorer: Scorer, answers: Mapping[Way, np.ndarray], shifted_rates: list[float]) -> dict:
    random = {}
    for rate in map(rate_key, FURTHER_RATES):
        passes = _random(answers, rate)
        random[rate] = {**scorer.cell(*passes), "seeds": [tidy(scorer.value(one)) for one in passes]}
    shifted = {
        f"{name}_shifted": {
            rate_key(r): scorer.cell(answers[f"{name}_shifted", rate_key(r)]) for r in shifted_rates
        }
        for name in STATISTICS
    }
    return {"random": random, **shifted}


def paired(scorer: Scorer, answers: Mapping[Way, np.ndarray], shifted_rates: list[float]) -> dict:
    """Gains on the same clips: of attention over each other ranking, and of right over shifted indices."""
    table: dict[str, dict[str, dict]] = {}
    for other in (*STATISTICS, "random"):
        table[f"attention_minus_{other}"] = {
            rate: scorer.difference(
                [answers["attention", rate]],
                _random(answers, rate) if other == "random" else [answers[other, rate]],
            )
            for rate in map(rate_key, FURTHER_RATES)
        }
    for name in STATISTICS:
        table[f"{name}_minus_shifted"] = {
            rate: scorer.difference([answers[name, rate]], [answers[f"{name}_shifted", rate]])
            for rate in map(rate_key, shifted_rates)
        }
    return table
