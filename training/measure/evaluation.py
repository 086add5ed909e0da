"""Accuracy at every keep-rate and score, and the rest of Tables I and IV, on the held-out split."""

from __future__ import annotations

from pathlib import Path

from tpexplore.checkpoints.files import sha256_of
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from tpexplore.model.config import ModelConfig
from tpexplore.model.plan import SCORES
from tpexplore.model.vit import AudioViT
from tpexplore.results.store import entries, measured_results
from tpexplore.stats.patch_statistics import Clusters
from training.data.features import Features
from training.engine.identity import check_bundled, read_json
from training.engine.loop import pick_device
from training.measure import accuracy_tables
from training.measure.batches import gather_clips, split_batches, split_rows
from training.measure.examples import answers_to_examples
from training.measure.export import CLUSTERED_SPLIT, trained_model
from training.measure.patch_clusters import (
    card_clusters,
    describe_clusters,
    patch_histograms,
    read_clusters,
)
from training.measure.provenance import provenance
from training.measure.ways import every_way, one_way, published_rates, rate_key, removal_blocks
from training.recipes.settings import ELASTIC, FinetuneRecipe, load_recipe
from training.scoring.class_names import tags_of_classes
from training.scoring.scores import scorer_for

NOTES = {
    "random": "Mean of three seeds, each a fixed random order of every clip's patches; McNemar's p is the"
    " largest of the three.",
    "shifted": "The published code's indices, which are off by the prefix tokens and drop CLS. The model was"
    " not trained with them, the paper's were: the loss here is an upper bound of theirs.",
    "removal": "Groups of intensity clusters on the card; a clip left without patches counts with the answer"
    " the model still gives.",
}


def measure(model: AudioViT, features: Features, clusters: Clusters, split: str) -> dict[str, dict]:
    """All measurements of a model on a split, by their names in the results."""
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
        "keep_rate": accuracy_tables.keep_rates(scorer, answers),
        "examples": answers_to_examples(model),
        "per_class": accuracy_tables.per_class(scorer, answers, features.meta["class_names"]),
        **accuracy_tables.confusion(scorer, answers),
        "removal": {
            group: {str(b): scorer.cell(answers["removal", group, str(b)]) for b in removal_blocks(model)}
            for group in ("L", "H")
        },
        "further": accuracy_tables.further(scorer, answers, published_rates(model)),
        "paired": accuracy_tables.paired(scorer, answers, published_rates(model)),
        "notes": NOTES,
    }


def evaluate(name: str, features: Features, split: str = "test") -> dict:
    """Measure a bundled model; returns the content of its results file.

    Entries that `add_fixed` and `against_tagger` added to an earlier file of the same weights stay.
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
        added = {k: v for k, v in entries(earlier, "further").items() if k.startswith("trained_at_")}
        results["further"] |= added
        results |= {k: v for k, v in earlier.items() if k == "against_tagger"}
    return results


def evaluate_run(run: Path, features: Features, split: str = "test") -> dict:
    """Measure the averaged weights of a fine-tuning run, not yet exported; results as in `evaluate`."""
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
    """A bundled model's results with new answers to the app's example clips."""
    model = load_model(name).to(pick_device())
    results = measured_results(name, model.config.sha256)
    if not results:
        raise InputError(f"{name} has no results yet; run python -m training.evaluate {name} FEATURES first.")
    return {**results, "examples": answers_to_examples(model)}


def add_fixed(name: str, run: Path, features: Features, split: str = "test") -> dict:
    """Compare a run trained at one keep-rate with a bundled model trained for all of them.

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
    further = {f"trained_at_{rate_key(pruning.keep_rate)}{suffix}": entry}
    return {**results, "further": entries(results, "further") | further}


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
    """The first entries of a split's results file; ``command`` is the part after "python -m training."."""
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
