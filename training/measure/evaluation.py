"""Accuracy at every keep-rate and score, and what else Tables I and IV ask for, on the held-out split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tpexplore.checkpoints.bundled import example_clips
from tpexplore.checkpoints.files import sha256_of
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from tpexplore.model.forward import Entered, probabilities
from tpexplore.model.plan import KEEP_RATES, PRUNE_BLOCKS, SCORES
from tpexplore.model.pruning import random_ranks
from tpexplore.model.vit import AudioViT, ModelConfig
from tpexplore.results.store import measured_results
from tpexplore.signal.excerpt import read_excerpt
from tpexplore.stats.patch_statistics import Clusters
from tpexplore.study.removal import group_mask, removal_curve
from training.data.features import Features
from training.engine.export import CLUSTERED_SPLIT, trained_model
from training.engine.identity import check_bundled, read_json
from training.engine.loop import pick_device
from training.measure.batches import Batch, gather_clips, split_batches, split_rows
from training.measure.class_names import tags_of_classes
from training.measure.patch_clusters import (
    STATISTICS,
    card_clusters,
    describe_clusters,
    patch_histograms,
    read_clusters,
)
from training.measure.published_ranking import READABLE, published_counts, shifted_logits
from training.measure.scores import Accuracy, MeanAveragePrecision, provenance, scorer_for, tidy
from training.recipes.settings import ELASTIC, FinetuneRecipe, load_recipe

FURTHER_RATES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Keep-rates of random tokens, of the published ranking, and of the paired differences."""
RANDOM_SEEDS = (0, 1, 2)
REMOVAL_BLOCKS = (1, 3, 5, 7, 9, 11)
"""Blocks of the paper's Table IV."""
CLASS_RATES = (1.0, 0.7, 0.5)
CONFUSION_RATES = (1.0, 0.5)

NOTES = {
    "random": "Mean of three seeds, each a fixed random order of every clip's patches; McNemar's p is the"
    " largest of the three.",
    "shifted": "The published code's indices, which are off by the prefix tokens and drop CLS. The model was"
    " not trained with them, the paper's were: the loss here is an upper bound of theirs.",
    "removal": "Groups of intensity clusters on the card; a clip left without patches counts with the answer"
    " the model still gives.",
}

Way = tuple[str, ...]
"""A way through the model: ("unpruned",), ("attention", "0.70"), ("removal", "L", "3"), …"""
Scorer = Accuracy | MeanAveragePrecision


def rate_key(keep_rate: float) -> str:
    """A keep-rate as results files write it: "0.70"."""
    return f"{keep_rate:.2f}"


@torch.inference_mode()
def every_way(model: AudioViT, batch: Batch, clusters: Clusters) -> Iterator[tuple[Way, Tensor]]:
    """Logits (clips, classes) of a batch on every way that is measured; what the ways share runs once.

    ``clusters`` are those of intensity.
    """
    config, spec = model.config, batch.spec
    entered = Entered(model, spec)
    yield ("unpruned",), entered.output().logits

    rates: dict[str, Sequence[float]] = dict.fromkeys(SCORES, KEEP_RATES[:-1])
    rankings: dict[str, str | Tensor] = {score: score for score in SCORES}
    clips = range(batch.first, batch.first + len(spec))
    for seed in RANDOM_SEEDS:
        name = f"random {seed}"
        rankings[name] = random_ranks(seed, clips, config.patches).to(spec.device)
        rates[name] = FURTHER_RATES
    for name, ranking in rankings.items():
        for rate in rates[name]:
            yield (name, rate_key(rate)), entered.output(rate, ranking).logits

    plain, _ = model.attend(entered.tokens, PRUNE_BLOCKS[0], with_score=False)
    statistics = entered.statistics
    for name, ranking in statistics.items():
        for rate in published_rates(model):
            yield (f"{name}_shifted", rate_key(rate)), shifted_logits(model, plain, ranking, rate)

    assigned = clusters.assign(statistics["intensity"])
    masks = {group: group_mask(assigned, group) for group in ("L", "H")}
    blocks = removal_blocks(model)
    for group, curve in removal_curve(model, spec, masks, blocks).items():
        for block, logits in zip(blocks, curve, strict=True):
            yield ("removal", group, str(block)), logits


def published_rates(model: AudioViT) -> list[float]:
    """Keep-rates at which the published ranking leaves tokens enough to answer from."""
    return [rate for rate in FURTHER_RATES if published_counts(model.config, rate)[-1] >= READABLE]


def removal_blocks(model: AudioViT) -> list[int]:
    return [block for block in REMOVAL_BLOCKS if block < model.config.depth]


def measure(model: AudioViT, features: Features, clusters: Clusters, split: str) -> dict[str, dict]:
    """Everything that is measured of a model on a split, by the name it has in the results."""
    rows = split_rows(features, split)
    scorer = scorer_for(features, rows, model.config)
    device = model.device
    mine = {
        batch.index: {way: scorer.keep(logits) for way, logits in every_way(model, batch, clusters)}
        for batch in split_batches(features, split, model.config, device, model.config.name)
    }
    answers = gather_clips(mine)
    for score in SCORES:
        answers[score, rate_key(1.0)] = answers["unpruned",]
    return {
        "keep_rate": _keep_rates(scorer, answers),
        "examples": answers_to_examples(model),
        "per_class": _per_class(scorer, answers, features.meta["class_names"]),
        **_confusion(scorer, answers),
        "removal": {
            group: {str(b): scorer.cell(answers["removal", group, str(b)]) for b in removal_blocks(model)}
            for group in ("L", "H")
        },
        "further": _further(scorer, answers, published_rates(model)),
        "paired": _paired(scorer, answers, published_rates(model)),
        "notes": NOTES,
    }


def _keep_rates(scorer: Scorer, answers: Mapping[Way, np.ndarray]) -> dict:
    unpruned = scorer.top(answers["unpruned",])
    table: dict[str, dict[str, dict]] = {score: {} for score in SCORES}
    for score in SCORES:
        for rate in map(rate_key, reversed(KEEP_RATES)):
            found = answers[score, rate]
            same = float((scorer.top(found) == unpruned).mean())
            table[score][rate] = {**scorer.cell(found), "same_answer_as_unpruned": tidy(same)}
    return table


def _per_class(scorer: Scorer, answers: Mapping[Way, np.ndarray], labels: Sequence[str]) -> dict:
    """For every class its clips and, by keep-rate, its accuracy (multi-label: average precision)."""
    by_rate = {rate_key(r): scorer.by_class(answers["attention", rate_key(r)]) for r in CLASS_RATES}
    return {
        label: {
            "n": by_rate[rate_key(1.0)][index][0],
            scorer.short: {rate: tidy(found[index][1]) for rate, found in by_rate.items()},
        }
        for index, label in enumerate(labels)
    }


def _confusion(scorer: Scorer, answers: Mapping[Way, np.ndarray]) -> dict:
    """Clips by true class (rows) and answer; nothing where clips have several classes."""
    if not isinstance(scorer, Accuracy):
        return {}
    keys = map(rate_key, CONFUSION_RATES)
    return {"confusion": {key: scorer.confusion(answers["attention", key]) for key in keys}}


def _random(answers: Mapping[Way, np.ndarray], rate: str) -> list[np.ndarray]:
    return [answers[f"random {seed}", rate] for seed in RANDOM_SEEDS]


def _further(scorer: Scorer, answers: Mapping[Way, np.ndarray], shifted_rates: list[float]) -> dict:
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


def _paired(scorer: Scorer, answers: Mapping[Way, np.ndarray], shifted_rates: list[float]) -> dict:
    """What attention gains over each other ranking on the same clips, and right indices over shifted."""
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


@torch.inference_mode()
def answers_to_examples(model: AudioViT) -> list[dict]:
    """What the model says of the app's own example clips that hold one of its classes."""
    found = []
    for example in example_clips():
        right = example.right_answers(model.config.task)
        if not right or set(right).isdisjoint(model.config.labels):
            continue
        spec = model.spectrogram(read_excerpt(example.path, model.config.seconds).samples)[None]
        logits = model(spec).logits[0]
        chances = probabilities(logits, model.config)
        best = int(chances.argmax())
        found.append(
            {
                "file": example.path.name,
                "label": right[0],
                "answer": model.config.labels[best],
                "probability": round(float(chances[best]), 4),
                "right": model.config.labels[best] in right,
            }
        )
    return found


def evaluate(name: str, features: Features, split: str = "test") -> dict:
    """Measure a bundled model; returns the content of its results file.

    What `add_fixed` added to an earlier file stays, as long as the weights are the same.
    """
    model = load_model(name).to(pick_device())
    check_bundled(features, model.config)
    clusters = read_clusters(card_clusters(name))["intensity"]
    results = {
        **heading(name, model.config, features, split, model.config.sha256, f"evaluate {name} FEATURES"),
        **measure(model, features, clusters, split),
    }
    earlier = measured_results(name, model.config.sha256)
    if earlier:
        added = {k: v for k, v in earlier.get("further", {}).items() if k.startswith("trained_at_")}
        results["further"] |= added
    return results


def evaluate_run(run: Path, features: Features, split: str = "test") -> dict:
    """Measure the averaged weights of a fine-tuning run, not yet exported; results as `evaluate`."""
    model = trained_model(run, features).to(pick_device())
    histograms = patch_histograms(features, model.config, CLUSTERED_SPLIT, pick_device())
    clusters = read_clusters(describe_clusters(histograms))["intensity"]
    return {
        **heading(
            run.name,
            model.config,
            features,
            split,
            sha256_of(run / "last.pt"),
            f"evaluate --run {run.name} FEATURES",
        ),
        "run": _describe(run),
        **measure(model, features, clusters, split),
    }


def renew_examples(name: str) -> dict:
    """A bundled model's results with its answers to the app's example clips as they are now."""
    model = load_model(name).to(pick_device())
    results = measured_results(name, model.config.sha256)
    if not results:
        raise InputError(f"{name} has no results yet; run python -m training.evaluate {name} FEATURES first.")
    return {**results, "examples": answers_to_examples(model)}


def add_fixed(name: str, run: Path, features: Features, split: str = "test") -> dict:
    """Set a run trained at one keep-rate beside a bundled model trained for all of them.

    Returns the model's results with one entry more under "further", such as "trained_at_0.50": the run's
    accuracy at that keep-rate and without pruning, and what the bundled model gains over it on the same
    clips.
    """
    elastic = load_model(name).to(pick_device())
    check_bundled(features, elastic.config)
    results = measured_results(name, elastic.config.sha256)
    if not results:
        raise InputError(f"{name} has no results yet; run python -m training.evaluate {name} FEATURES first.")
    pruning = load_recipe(str(run / "recipe.json"), FinetuneRecipe).pruning
    if pruning.keep_rate == ELASTIC:
        raise InputError(f"{run} was trained at {ELASTIC} keep-rates; expected a run trained at one.")
    score = max(pruning.scores, key=pruning.scores.__getitem__)
    fixed = trained_model(run, features).to(pick_device())
    rows = split_rows(features, split)
    scorer = scorer_for(features, rows)
    at_rate = {
        which: one_way(model, features, split, scorer, pruning.keep_rate, score)
        for which, model in (("elastic", elastic), ("fixed", fixed))
    }
    entry = {
        **scorer.cell(at_rate["fixed"]),
        "unpruned": scorer.cell(one_way(fixed, features, split, scorer, 1.0, score)),
        "elastic_minus_fixed": scorer.difference([at_rate["elastic"]], [at_rate["fixed"]]),
        "score": score,
        "weights_sha256": sha256_of(run / "last.pt"),
        "run": _describe(run),
    }
    suffix = "" if score == "attention" else f"_{score}"
    results.setdefault("further", {})[f"trained_at_{rate_key(pruning.keep_rate)}{suffix}"] = entry
    return results


@torch.inference_mode()
def one_way(
    model: AudioViT, features: Features, split: str, scorer: Scorer, keep_rate: float, score: str
) -> np.ndarray:
    """Answers to every clip of a split at one keep-rate."""
    device, title = model.device, f"{model.config.name} at {keep_rate}"
    mine = {
        batch.index: {"answers": scorer.keep(model(batch.spec, keep_rate, score).logits)}
        for batch in split_batches(features, split, model.config, device, title)
    }
    return gather_clips(mine)["answers"]


def _describe(run: Path) -> dict:
    """Which run it was, with what recipe and from which commit."""
    return {
        "folder": run.name,
        **read_json(run / "run.json"),
        "recipe": read_json(run / "recipe.json"),
    }


def heading(
    name: str, config: ModelConfig, features: Features, split: str, sha256: str, command: str
) -> dict:
    """What a results file of a split begins with; ``command`` as after "python -m training."."""
    rows = split_rows(features, split)
    about = provenance(
        name,
        features,
        scorer_for(features, rows, config).metric,
        len(rows),
        sha256=sha256,
        made_by=f"python -m training.{command}",
    )
    if tags_of_classes(features, config):
        about["split"] = f"{features.meta['task']} by class name, {features.meta['split']}"
    return about
