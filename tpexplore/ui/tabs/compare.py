"""The Compare tab: two choices of model and score on one clip, at the same keep-rate or the same cost.

Both are explored once at every keep-rate; the browser then redraws by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import gradio as gr
import numpy as np

from tpexplore.model.plan import FAMILY_NAMES, KEEP_RATES, METHODS, RANKINGS, check_method
from tpexplore.results.measures import join
from tpexplore.study.exploration import Exploration, Point
from tpexplore.study.overlap import MATCHES, Overlap, check_same_cut, matched, score_tau, stage_overlaps
from tpexplore.study.sweep import explore
from tpexplore.ui.analysis import measured_accuracy
from tpexplore.ui.board import create_board
from tpexplore.ui.choices import ModelChoice, cached_model, check_request
from tpexplore.ui.clips import clip_name, excerpt_of, written_at
from tpexplore.ui.payload import base64_of, compact, picture_message

from . import Setting, Tab

HELP = """
Do two models, or two ways to rank patches, keep the same parts of your sound? Choose A and B. The page's
model is the one above the tabs. Merging joins similar patches and does not rank them.
"""

PAGE = ""
"""The entry of the model menus that follows the page's own menu."""
RANKING_LABELS = {"time-even": "Best of every moment"}
TOP = 3


@dataclass(frozen=True)
class Side:
    """A or B: a model, its ranking of patches, and what happens to the other patches."""

    choice: ModelChoice
    score: str
    method: str = METHODS[0]

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        model = cached_model(self.choice).config.name
        if self.method == "merge":
            return f"{model}, merged"
        return f"{model} by {self.score}" + (", others fused" if self.method == "fuse" else "")


@dataclass(frozen=True)
class Request:
    """The key of one side's sweep over a clip, so that it is computed only once."""

    path: str
    written: int
    start: float
    side: Side
    progress: Callable[[int, int], None] = field(compare=False, repr=False)


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    gr.Markdown(HELP, elem_classes="tab-help")
    with gr.Row(equal_height=False, elem_classes="settings"):
        menus = [_menu("A", choices, "attention"), _menu("B", choices, "intensity")]
    inputs = [*menus[0][:2], *menus[1][:2], menus[0][2], menus[1][2]]
    board = create_board(
        "compare",
        "compare/start.js",
        html="compare/compare.html",
        styles=["shared/board.css", "compare/compare.css"],
    )
    by_source = {choice.source: choice for choice in choices}

    def refresh(
        path, choice, start, model_a, score_a, model_b, score_b, method_a=METHODS[0], method_b=METHODS[0]
    ) -> tuple[str]:
        check_request(path, choice)
        a, b = (
            Side(by_source.get(model, choice), score, method)
            for model, score, method in ((model_a, score_a, method_a), (model_b, score_b, method_b))
        )
        message = compare_clip(path, a, b, start, progress=gr.Progress())
        return (compact(message),)

    models = {"page": PAGE, **{choice.link_name: choice.source for choice in choices}}
    model_a, score_a, model_b, score_b, method_a, method_b = inputs
    link = {
        "a": Setting(model_a, models),
        "a-score": Setting.of(score_a),
        "b": Setting(model_b, models),
        "b-score": Setting.of(score_b),
        "a-method": Setting.of(method_a),
        "b-method": Setting.of(method_b),
        "keep-rate": Setting(span=(KEEP_RATES[0], KEEP_RATES[-1]), page="rate"),
        "same": Setting(values={name: name for name in MATCHES}),
    }
    return Tab([board], refresh, inputs, link=link, own_models=True)


def _menu(
    letter: str, choices: list[ModelChoice], score: str
) -> tuple[gr.Dropdown, gr.Dropdown, gr.Dropdown]:
    """One side's three choices: in a row where there is room, below each other on a phone."""

    def menu(name: str, label: str, entries: list[tuple[str, str]], value: str) -> gr.Dropdown:
        id = f"compare-{name}-{letter.lower()}"
        return gr.Dropdown(
            entries, value=value, label=f"{letter}: {label}", elem_id=id, min_width=130, filterable=False
        )

    with gr.Column(min_width=140), gr.Row():
        models = [("Page's model", PAGE), *((choice.label, choice.source) for choice in choices)]
        rankings = [(RANKING_LABELS.get(name, name.capitalize()), name) for name in RANKINGS]
        methods = [(name.capitalize(), name) for name in METHODS]
        return (
            menu("model", "model", models, PAGE),
            menu("score", "ranked by", rankings, score),
            menu("method", "other patches", methods, METHODS[0]),
        )


def compare_clip(
    path: str,
    a: Side,
    b: Side,
    start: float | None = None,
    *,
    progress: Callable[..., Any] = lambda done, desc: None,
) -> dict[str, Any]:
    """Everything the tab shows of one clip, as plain JSON.

    Both models get the clip from the same place on: ``start``, or else the loudest part for the shorter
    window, which then lies in the longer one, too.

    Parameters
    ----------
    path : str
    a, b : Side
    start : float or None
        Where in the file to begin, in seconds.
    progress : callable
        Called with ((passes done, passes in all), desc=what is computed).

    Raises
    ------
    InputError
        If the file or a model cannot be used.
    """
    shorter = min(a, b, key=lambda side: cached_model(side.choice).config.patches)
    excerpt = excerpt_of(path, shorter.choice, start)

    def sweep(letter: str, side: Side) -> Exploration:
        def report(done: int, total: int) -> None:
            progress((done, total), desc=f"Analysing with {letter}")

        return _explored(Request(str(path), written_at(path), excerpt.start, side, report))

    for side in (a, b):
        check_method(side.method, side.score)
    explorations = sweep("A", a), sweep("B", b)
    check_same_cut(*explorations)
    points = explorations[0].points[a.score], explorations[1].points[b.score]
    drops = explorations[0].drop_stages(a.score), explorations[1].drop_stages(b.score)
    tau = score_tau(explorations[0], a.score, explorations[1], b.score)
    return {
        "clip": {"name": clip_name(path), "start": round(excerpt.start, 3)},
        "picture": picture_message(min(explorations, key=lambda exploration: exploration.config.patches)),
        "rates": [point.keep_rate for point in points[0]],
        "sides": {"a": _side(a, explorations[0], drops[0]), "b": _side(b, explorations[1], drops[1])},
        "same": a == b,
        "same_classes": explorations[0].config.labels == explorations[1].config.labels,
        "tau": None if math.isnan(tau) else round(tau, 4),
        "differs": differences(a, b),
        "note": _note(explorations, excerpt.start, chosen=start is not None, longer=excerpt.longer),
        "matches": {
            by: [
                {"b": j, "stages": [_stage(overlap) for overlap in stage_overlaps(drops[0][i], drops[1][j])]}
                for i, j in enumerate(matched(*points, by))
            ]
            for by in MATCHES
        },
    }


def differences(a: Side, b: Side) -> str:
    """What sets A apart from B, in a sentence; empty where it is one thing at most."""
    one, other = (cached_model(side.choice).config for side in (a, b))
    class_counts = (f"{len(config.labels)} classes" for config in (one, other))
    parts = [
        ("family", FAMILY_NAMES[one.family], FAMILY_NAMES[other.family]),
        ("what they recognise", *class_counts) if one.labels != other.labels else None,
        ("the time they read", f"{one.seconds:.1f} s", f"{other.seconds:.1f} s"),
        ("ranking", a.score, b.score),
        ("what happens to the other patches", a.method, b.method),
    ]
    apart = [
        f"{what} ({left}, {right})"
        for what, left, right in filter(None, parts)
        if left != right or what == "what they recognise"
    ]
    if len(apart) < 2:
        return ""
    return f"A and B differ in {len(apart)} things: {join(apart)}. Any of them may explain what you see here."


@lru_cache(maxsize=8)
def _explored(request: Request) -> Exploration:
    model = cached_model(request.side.choice)
    excerpt = excerpt_of(request.path, request.side.choice, request.start)
    side = request.side
    return explore(
        model, excerpt.samples, scores=(side.score,), method=side.method, progress=request.progress
    )


def _side(side: Side, exploration: Exploration, drop: np.ndarray) -> dict[str, Any]:
    config = exploration.config
    results = measured_accuracy(config.name, config.sha256, side.method, [side.score])
    measured = results["keep_rate"].get(side.score, {}) if results else {}
    return {
        "name": side.name,
        "model": config.name,
        "score": side.score,
        "method": side.method,
        "patches": config.patches,
        "drop": base64_of(drop),
        "unpruned": _point(exploration.unpruned, config.labels),
        "points": [
            {**_point(point, config.labels), "accuracy": measured.get(f"{point.keep_rate:.2f}")}
            for point in exploration.points[side.score]
        ],
        "measured": results and {key: results[key] for key in ("metric", "n", "task", "split")},
    }


def _point(point: Point, labels: tuple[str, ...]) -> dict[str, Any]:
    return {
        "macs": point.macs,
        "top": [[labels[i], round(float(point.probabilities[i]), 4)] for i in point.top(TOP)],
    }


def _stage(overlap: Overlap) -> dict[str, Any]:
    return {
        "block": overlap.block,
        "both": overlap.both,
        "only_a": overlap.only_a,
        "only_b": overlap.only_b,
        "neither": overlap.neither,
        "beyond_a": overlap.beyond_a,
        "beyond_b": overlap.beyond_b,
        "iou": round(overlap.iou, 4),
        "chance_iou": round(overlap.chance_iou, 4),
        "chance_both": round(overlap.chance_both, 2),
    }


def _note(explorations: Sequence[Exploration], start: float, *, chosen: bool, longer: bool) -> str:
    """Which part of the file is compared."""
    a, b = (exploration.config for exploration in explorations)
    sentences = []
    if chosen:
        sentences.append(f"Both begin at {start:.2f} s of the file.")
    elif longer:
        whose = "" if a.frames == b.frames else f" for the window of {min(a, b, key=lambda c: c.frames).name}"
        sentences.append(f"Both begin at {start:.2f} s of the file, the loudest part{whose}.")
    if a.frames != b.frames:
        sentences.append(
            f"A reads {a.seconds:.1f} s and B {b.seconds:.1f} s;"
            f" compared are the {min(a.patches, b.patches)} patches of the time that both read."
        )
    return " ".join(sentences)
