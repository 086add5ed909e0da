"""One clip through one model at every keep-rate, as the Explore tab shows it while it is computed."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tpexplore.model.device import device_name
from tpexplore.model.plan import METHODS, SCORES, check_method, check_score, scores_of
from tpexplore.results.store import measured_methods, measured_results
from tpexplore.signal.decode import is_silent
from tpexplore.study.exploration import Exploration, Point
from tpexplore.study.sweep import explore_steps

from .choices import ModelChoice, cached_model
from .clips import clip_name, example_at, excerpt_of
from .doubts import doubt_of
from .payload import build_part, build_payload, one_rate
from .plan_text import PruningPlan
from .trace import dataset_clusters

PAPERS_PLAN = PruningPlan()

PART_SECONDS = 0.1
"""At least this long between two parts of an analysis: each costs a trip to the browser."""

NOTHING_RANKED = "Merging ranks no patches, so the ranking by {} is not used."


def analyse_clip(
    path: str | os.PathLike[str],
    choice: ModelChoice,
    start: float | None = None,
    *,
    score: str = SCORES[0],
    keep_rate: float = 1.0,
    method: str = METHODS[0],
    plan: PruningPlan = PAPERS_PLAN,
) -> Iterator[dict[str, Any]]:
    """Analyse one clip with one model at every keep-rate with the paper's three scores.

    Parameters
    ----------
    path : str or os.PathLike
    choice : ModelChoice
    start : float or None
        Where in the file to begin, in seconds; None takes the loudest part.
    score, keep_rate :
        The current view, which is computed first. If a control ranking is chosen, it is analysed, too.
    method : {"drop", "fuse", "merge"}
        Merging does not rank; with a score other than attention a sentence says so.
    plan : PruningPlan
        Blocks that prune, and keep-rates of their own if they have any.

    Yields
    ------
    dict
        First the viewer's message, see `build_payload`, as soon as there is the pass to begin with; then
        the passes done since, see `build_part`.

    Raises
    ------
    InputError
        If the file or the model cannot be used.
    """
    model = cached_model(choice)
    excerpt = excerpt_of(path, choice, start)
    example = example_at(path)
    check_method(method)
    scores = rankings_of(method, check_score(score))
    steps = explore_steps(
        model,
        excerpt.samples,
        keep_rates=plan.sweep,
        scores=scores,
        blocks=plan.blocks,
        first=keep_rate,
        method=method,
    )
    if keep_rate < 1:
        next(steps)  # the unpruned pass alone is not the requested view
    parts = _in_parts(steps)
    exploration = next(parts)
    yield build_payload(
        exploration,
        samples=excerpt.samples,
        name=clip_name(path),
        start=excerpt.start,
        sentences=[
            *([example.description] if example else []),
            *excerpt.sentences,
            *([NOTHING_RANKED.format(score)] if score not in scores else []),
        ],
        results=measured_accuracy(model.config.name, model.config.sha256, method, scores)
        if plan.is_papers
        else None,
        clusters=dataset_clusters(model.config.name, model.config.sha256),
        rates=[one_rate(rate) for rate in plan.sweep],
        own_rates=plan.rates,
        device=device_name(model.device),
        rankings=scores,
        doubt=None if is_silent(excerpt.samples) else _doubt(exploration, excerpt.samples),
    )
    for exploration in parts:
        yield build_part(exploration)


def rankings_of(method: str, score: str) -> list[str]:
    """What the viewer can show by a method, the chosen ranking first."""
    chosen = [] if method == "merge" else [score]
    return list(dict.fromkeys([*chosen, *scores_of(method)]))


def measured_accuracy(name: str, sha256: str, method: str, scores: Sequence[str]) -> Mapping[str, Any] | None:
    """Measured accuracy for the view: at every keep-rate for the paper's method, at seven for others."""
    if method == METHODS[0] and set(scores) <= set(SCORES):
        return measured_results(name, sha256)
    ours = measured_methods(name, sha256)
    if not ours:
        return None
    whole = {f"{1:.2f}": ours["unpruned"]}
    return {
        **ours,
        "keep_rate": {score: row | whole for score, row in ours["accuracy"][method].items()},
    }


def _doubt(exploration: Exploration, samples: np.ndarray) -> dict[str, Any] | None:
    return doubt_of(exploration, samples, lambda name: cached_model(ModelChoice(name, name)))


def _in_parts(steps: Iterator[Exploration]) -> Iterator[Exploration]:
    """Explorations with only the points that are new, some time apart."""
    sent, sent_at = {}, -math.inf
    for step in steps:
        if time.monotonic() - sent_at >= PART_SECONDS:
            yield _without(step, sent)
            sent, sent_at = step.points, time.monotonic()
    if step.points != sent:
        yield _without(step, sent)


def _without(exploration: Exploration, sent: dict[str, tuple[Point, ...]]) -> Exploration:
    new = {
        score: tuple(point for point in points if all(point is not other for other in sent.get(score, ())))
        for score, points in exploration.points.items()
    }
    return replace(exploration, points={score: points for score, points in new.items() if points})
