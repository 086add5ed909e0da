"""What the server does for one request: clip and model in, what is shown of them out. Knows no Gradio."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tpexplore.checkpoints.bundled import Example, bundled_card, bundled_names, example_clips
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from tpexplore.model.device import best_device, device_name
from tpexplore.model.packing import pack
from tpexplore.model.plan import (
    FAMILY_NAMES,
    KEEP_RATES,
    METHODS,
    PRUNE_BLOCKS,
    SCORES,
    check_method,
    check_score,
    scores_of,
)
from tpexplore.model.vit import AudioViT
from tpexplore.results.store import (
    bundled_models,
    measured_analysis,
    measured_methods,
    measured_results,
    of_weights,
)
from tpexplore.signal.checks import check_seconds
from tpexplore.signal.decode import SAMPLE_RATE, is_silent
from tpexplore.signal.excerpt import Excerpt, LoudnessProfile, loudness_profile, read_excerpt
from tpexplore.signal.spectrogram import patch_statistics
from tpexplore.stats.patch_statistics import (
    Clusters,
    ValueHistogram,
    cluster_counts,
    cluster_values,
    padding_patches,
)
from tpexplore.study.exploration import Exploration, Point
from tpexplore.study.sweep import explore, explore_steps, real_frames

from .doubts import doubt_of
from .payload import base64_of, build_part, build_payload, one_rate
from .plan_text import PruningPlan

STATISTICS = ("intensity", "variation")
CLUSTERS = 5
PAPERS_PLAN = PruningPlan()
PART_SECONDS = 0.1
"""At least this long between two parts of an analysis: each costs a trip to the browser."""

RECORDING = "Your recording"
"""What the page names the file of a recording that is made there, and a person's recording."""

WAVE_LEVELS = 600
"""Bars of a waveform, at most."""

LARGE_MACS = 20e9
"""From here on, as ViT-B has, a pass takes longer than anything that warming up could save."""

NO_MODEL = "No model is bundled with this copy: start the app with --checkpoint MODEL to explore your own."
NOTHING_RANKED = "Merging ranks no patches, so the ranking by {} is not used."
NO_CLIP = "Choose a clip first: upload or record one, or pick an example."


@dataclass(frozen=True)
class ModelChoice:
    """One entry of the model menu."""

    label: str
    source: str
    frames: int | None = None

    @property
    def link_name(self) -> str:
        """What a link calls it: a checkpoint file by its name alone, one on the hub without its owner."""
        return Path(self.source).name


def model_choices(checkpoint: str | None = None, frames: int | None = None) -> list[ModelChoice]:
    """The models to choose from: the person's own first, where there is one, then the bundled ones."""
    own = []
    if checkpoint:
        source = str(checkpoint) if Path(checkpoint).name else str(Path(checkpoint).resolve())  # "."
        own.append(ModelChoice(Path(source).name, source, frames))
    return own + [ModelChoice(_label(model), model["name"]) for model in bundled_models()]


def _label(model: dict[str, Any]) -> str:
    return f"{FAMILY_NAMES[model['family']]} · {model['name']}"


@lru_cache(maxsize=4)
def cached_model(choice: ModelChoice):
    """Load a model to this machine's best device, or hand back the one loaded before."""
    model = pack(load_model(choice.source, frames=choice.frames).to(best_device()))
    # The first pass of a process takes up to a second longer, the first one at a keep-rate a few
    # milliseconds, which is not what a clip costs. A large model's passes take seconds: one is enough.
    large = model.config.macs() > LARGE_MACS
    explore(
        model,
        np.zeros(SAMPLE_RATE, np.float32),
        keep_rates=(1,) if large else KEEP_RATES,
        scores=("attention",),
    )
    return model


def check_request(path: str | os.PathLike[str] | None, choice: ModelChoice | None) -> None:
    """Raise InputError unless there is a clip and a model."""
    if choice is None:
        raise InputError(NO_MODEL)
    if not path:
        raise InputError(NO_CLIP)


def check_uploads(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Raise InputError if a file that the page still names is no longer here."""
    for path in map(Path, paths):
        if not path.is_file():
            raise InputError(
                f"{path.name!r} is no longer here: uploads are removed after a while. Choose it again."
            )


def excerpt_of(path: str | os.PathLike[str], choice: ModelChoice, start: float | None = None) -> Excerpt:
    """`read_excerpt` for a model, of a file that is still there; the last few are kept."""
    check_uploads([path])
    start = None if start is None else check_seconds(start, "The start")
    return _excerpt(str(path), written_at(path), cached_model(choice).config.seconds, start)


def file_seconds(path: str | os.PathLike[str]) -> tuple[float, bool]:
    """Length of a file in seconds, an hour at most, and whether that is all of it."""
    profile = _profile(str(path), written_at(path))
    return profile.seconds, profile.is_whole


def written_at(path: str | os.PathLike[str]) -> int:
    """When a file was last written, so that what is kept of it is not used after a change; 0 for none."""
    return Path(path).stat().st_mtime_ns if Path(path).is_file() else 0


def sound_message(
    path: str | os.PathLike[str], choice: ModelChoice, start: float | None = None
) -> dict[str, Any]:
    """A clip's whole file, and which part of it the model gets.

    Raises
    ------
    InputError
        If the file cannot be used.
    """
    excerpt = excerpt_of(path, choice, start)
    profile = _profile(str(path), written_at(path))
    levels = np.round(255 * profile.levels(WAVE_LEVELS)).astype(np.uint8)
    return {
        "name": clip_name(path),
        "seconds": round(profile.seconds, 3),
        "window": round(cached_model(choice).config.seconds, 3),
        "start": round(excerpt.start, 3),
        "is_chosen": start is not None,
        "levels": base64_of(levels),
    }


@lru_cache(maxsize=8)
def _excerpt(path: str, written: int, seconds: float, start: float | None) -> Excerpt:
    return read_excerpt(path, seconds, start, profile=_profile(path, written) if start is None else None)


@lru_cache(maxsize=4)
def _profile(path: str, written: int) -> LoudnessProfile:
    """One search of a file serves models of every window."""
    return loudness_profile(path)


def example_at(path: str | os.PathLike[str] | None) -> Example | None:
    """The bundled example that lies at ``path``."""
    return next((example for example in example_clips() if str(example.path) == str(path)), None)


def fitting_source(source: str, example: Example, choices: Sequence[ModelChoice]) -> str:
    """The model to hear an example with: the chosen one, unless another bundled one knows what is in it.

    A person's own checkpoint stays chosen. One of the same family is preferred.
    """
    bundled = bundled_names()
    if source not in bundled or example.fits(bundled_card(source)):
        return source
    family = bundled_card(source)["family"]
    fitting = [
        choice.source
        for choice in choices
        if choice.source in bundled and example.fits(bundled_card(choice.source))
    ]
    return next(iter(sorted(fitting, key=lambda name: bundled_card(name)["family"] != family)), source)


def clip_name(path: str | os.PathLike[str]) -> str:
    """What to call a clip: an example's title, "Your recording", else its file name."""
    example = example_at(path)
    if example:
        return example.title
    return RECORDING if Path(path).stem == RECORDING else Path(path).name


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
        What to begin with: what the person is looking at. A control is analysed, too, where it is chosen.
    method : {"drop", "fuse", "merge"}
        Merging ranks nothing: of another score than attention a sentence says so.
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
        next(steps)  # the unpruned pass alone is not what the person asked for
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
        clusters=_dataset_clusters(model.config.name, model.config.sha256),
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
    """Measured accuracy of what is shown: of the paper's way at every keep-rate, of others at seven."""
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


@dataclass(frozen=True, eq=False)
class Stage:
    """One pruning block at work on one clip.

    Attributes
    ----------
    ids : Tensor of shape (n,)
        Patches present, ascending.
    attention : Tensor of shape (n,)
        Their attention score in multiples of an equal share.
    kept : Tensor of shape (n,), bool
    """

    ids: Tensor
    attention: Tensor
    kept: Tensor


@dataclass(frozen=True, eq=False)
class ClipTrace:
    """One clip through one unpruned model; what every tab but Explore starts from.

    Attributes
    ----------
    name : str
        What to call the clip.
    model : AudioViT
    samples : (n,) float32
        The excerpt that the model reads.
    start : float
        Where in its file the excerpt begins, in seconds.
    real_frames : int
        Frames that the clip fills; the rest is padding.
    spec : Tensor of shape (frames, 128), normalised
    intensity, variation : Tensor of shape (patches,)
    scores : Tensor of shape (blocks, patches)
        Attention score in every block.
    padding : Tensor of shape (patches,), bool
        True where a patch holds nothing but padding.
    dataset_clusters : dict of statistic -> Clusters, or None
        Those of the model's dataset; None where its card has none, like that of an official checkpoint.
    clusters : dict of statistic -> (patches,) int64 tensor, 0 (lowest) to 4, or None
        Cluster of every patch by these.
    measured : dict or None
        `measured_analysis` of exactly these weights.
    """

    name: str
    model: AudioViT
    samples: np.ndarray
    start: float
    real_frames: int
    spec: Tensor
    intensity: Tensor
    variation: Tensor
    scores: Tensor
    padding: Tensor
    dataset_clusters: dict[str, Clusters] | None
    clusters: dict[str, Tensor] | None
    measured: dict[str, Any] | None
    _kept: dict[tuple[float, str], dict[int, Tensor]] = field(default_factory=dict, repr=False)

    def statistic(self, name: str) -> Tensor:
        """Intensity or variation of every patch."""
        return {"intensity": self.intensity, "variation": self.variation}[name]

    def kept_at(self, keep_rate: float, score: str = "attention") -> dict[int, Tensor]:
        """Ids of the patches left after blocks 4, 7 and 10, ascending; at keep-rate 1.0 all of them."""
        key = round(float(keep_rate), 4), score
        if key not in self._kept:
            with torch.inference_mode():
                kept = self.model(self.spec[None], keep_rate=keep_rate, score=score).kept
            everything = torch.arange(len(self.intensity))
            self._kept[key] = {b: kept[b][0].cpu() if kept else everything for b in PRUNE_BLOCKS}
        return self._kept[key]

    def stages_at(self, keep_rate: float) -> dict[int, Stage]:
        """The pruning blocks at work, with the attention that decides."""
        with torch.inference_mode():
            stages = self.model(self.spec[None], keep_rate=keep_rate).stages
        everything = torch.arange(len(self.intensity))
        if not stages:  # at keep-rate 1.0 nothing decides, and every block attends as in the unpruned model
            attention = {block: self.scores[block - 1] * len(everything) for block in PRUNE_BLOCKS}
            return {b: Stage(everything, a, torch.ones_like(a, dtype=bool)) for b, a in attention.items()}
        by_block = {}
        for stage in stages:
            ids, scores, kept = (values[0].cpu() for values in (stage.ids, stage.scores, stage.kept))
            by_block[stage.block] = Stage(ids, scores * len(ids), torch.isin(ids, kept))
        return by_block

    def clustered(self, statistic: str) -> tuple[Tensor, Clusters, bool]:
        """Cluster of every patch, the clusters, and whether they were made of this clip alone.

        Raises
        ------
        InputError
            If the model has no clusters and the clip has fewer than five different values.
        """
        if self.clusters is not None:
            return self.clusters[statistic], self.dataset_clusters[statistic], False
        values = self.statistic(statistic)
        own = cluster_values(ValueHistogram().add(values), CLUSTERS)
        return own.assign(values), own, True

    def shares(self, statistic: str) -> list[float]:
        """Share of the clip's patches in each cluster, lowest first."""
        ids = self.clustered(statistic)[0]
        return (cluster_counts(ids, CLUSTERS) / len(ids)).tolist()


def traced(
    path: str | os.PathLike[str] | None, choice: ModelChoice | None, start: float | None = None
) -> ClipTrace:
    """Run a clip through the unpruned model and keep every block's attention; the last few are kept.

    Raises
    ------
    InputError
        If there is no clip or no model, or one of them cannot be used.
    """
    check_request(path, choice)
    return _traced(str(path), written_at(path), choice, start)


@lru_cache(maxsize=6)
def _traced(path: str, written: int, choice: ModelChoice, start: float | None) -> ClipTrace:
    model = cached_model(choice)
    config = model.config
    excerpt = excerpt_of(path, choice, start)
    frames = real_frames(model, excerpt.samples)
    with torch.inference_mode():
        spec = model.spectrogram(excerpt.samples)
        scores = model(spec[None], trace=True).scores[0].float().cpu()
        statistics = patch_statistics(spec[None], config.grid)
        intensity, variation = (values[0].float().cpu() for values in statistics)
    dataset = _dataset_clusters(config.name, config.sha256)
    values = {"intensity": intensity, "variation": variation}
    return ClipTrace(
        name=clip_name(path),
        model=model,
        samples=excerpt.samples,
        start=excerpt.start,
        real_frames=frames,
        spec=spec.float().cpu(),
        intensity=intensity,
        variation=variation,
        scores=scores,
        padding=padding_patches(torch.tensor([frames]), config.frames, config.grid)[0],
        dataset_clusters=dataset,
        clusters=dataset and {name: dataset[name].assign(values[name]) for name in STATISTICS},
        measured=measured_analysis(config.name, config.sha256),
    )


def _dataset_clusters(name: str, sha256: str) -> dict[str, Clusters] | None:
    """Clusters of a bundled model's dataset, from its card."""
    card = of_weights(bundled_card(name), sha256) if name in bundled_names() else None
    if not card or "clusters" not in card:
        return None
    entries = card["clusters"]
    equal = [1 / CLUSTERS] * CLUSTERS
    return {
        name: Clusters(tuple(entries[name]["edges"]), tuple(entries[name].get("shares", equal)))
        for name in STATISTICS
    }
