"""Evaluation against slow loops, one clip and one pass at a time."""

import dataclasses
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score

from tests import small_splits
from tests.conftest import tiny_config
from tpexplore import load_model
from tpexplore.errors import InputError
from tpexplore.model.vit import AudioViT
from tpexplore.signal.spectrogram import patch_statistics
from training import evaluate, export
from training.engine.student import build_model
from training.measure.published_ranking import own_order, published_counts, shifted_logits
from training.recipes.settings import FinetuneRecipe, Pruning, load_recipe
from training.scoring import scores as measure

FEW = 5
"""Clips, in two batches, for tests that repeat a whole evaluation."""


@pytest.fixture(scope="module", params=["audiomae", "ast"])
def measured(request, tmp_path_factory):
    """A bundled model, the split it was measured on, and its results."""
    folder = tmp_path_factory.mktemp("assets")
    with pytest.MonkeyPatch.context() as patch:
        small_splits.use_folder(folder, patch.setattr)
        features = small_splits.generated_features()
        name = small_splits.bundle(request.param, features, folder)
        export.refresh_clusters(name, features, folder)
        yield SimpleNamespace(
            model=load_model(name),
            features=features,
            card=json.loads((folder / f"{name}.json").read_text()),
            results=evaluate.evaluate(name, features),
        )


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A bundled AST without measurements, with clusters on its card; returns its name."""
    small_splits.use_folder(tmp_path, monkeypatch.setattr)
    features = small_splits.generated_features(test_clips=FEW)
    name = small_splits.bundle("ast", features, tmp_path)
    export.refresh_clusters(name, features, tmp_path)
    return name


@pytest.fixture
def features():
    return small_splits.generated_features(test_clips=FEW)


def spec_of(model: AudioViT, features, row: int) -> torch.Tensor:
    mel = torch.from_numpy(features.mel[row].astype(np.float32))
    return ((mel - model.config.mean) / (2 * model.config.std))[None]


@torch.inference_mode()
def right_one_by_one(model, features, answer) -> np.ndarray:
    """Whether ``answer(spec)`` (logits) is right, clip by clip."""
    rows = features.indices("test")
    return np.array([int(answer(spec_of(model, features, r)).argmax()) == features.labels[r] for r in rows])


def test_figures_are_those_of_single_passes(measured):
    results, model, features = measured.results, measured.model, measured.features
    assert results["n"] == small_splits.TEST_CLIPS
    assert results["metric"] == "top-1 accuracy"
    assert 0 < results["keep_rate"]["attention"]["1.00"]["value"] < 1

    def accuracy(answer) -> float:
        return pytest.approx(right_one_by_one(model, features, answer).mean(), abs=1e-5)

    for score in ("attention", "intensity", "variation"):
        for rate in (0.3, 0.7):
            cell = results["keep_rate"][score][f"{rate:.2f}"]
            assert cell["value"] == accuracy(lambda spec: model(spec, rate, score).logits)  # noqa: B023
    edges = measured.card["clusters"]["intensity"]["edges"]
    for block in (1, 7, 11):

        def removed(spec, low, high):
            values = spec.reshape(4, 16, 8, 16).mean((1, 3)).flatten()
            mask = (values >= low) & (values < high)
            return model(spec, removal=(block, mask[None])).logits  # noqa: B023

        low_cell, high_cell = (results["removal"][group][str(block)] for group in ("L", "H"))
        assert low_cell["value"] == accuracy(lambda spec: removed(spec, -math.inf, edges[2]))
        assert high_cell["value"] == accuracy(lambda spec: removed(spec, edges[3], math.inf))


def test_table_by_class_and_confusion_count_every_clip(measured):
    results, model, features = measured.results, measured.model, measured.features
    rows = features.indices("test")
    for rate in ("1.00", "0.50"):
        expected = [[0] * 3 for _ in range(3)]
        for row in rows:
            with torch.inference_mode():
                answer = int(model(spec_of(model, features, row), float(rate)).logits.argmax())
            expected[features.labels[row]][answer] += 1
        assert results["confusion"][rate] == expected
        for index, label in enumerate("abc"):
            n = sum(expected[index])
            assert results["per_class"][label]["n"] == n
            share = results["per_class"][label]["accuracy"][rate]
            assert share == pytest.approx(expected[index][index] / n, abs=1e-5)


def test_random_tokens_are_those_of_the_numbers_drawn(measured):
    results, model, features = measured.results, measured.model, measured.features
    rows = features.indices("test")
    values = []
    for seed in (0, 1, 2):
        right = 0
        for position, row in enumerate(rows):
            numbers = np.random.default_rng((seed, position)).random(32)
            left = np.arange(32)
            with torch.inference_mode():
                x = model.run_blocks(model.embed(spec_of(model, features, row)), 1, 3)
                for block, until in ((4, 6), (7, 9), (10, 12)):
                    x = model.attend(x, block, with_score=False)[0]
                    best = sorted(left, key=lambda i: -numbers[i])[: math.ceil(len(left) / 2)]
                    places = [i for i, patch in enumerate(left) if patch in best]
                    left = left[places]
                    prefix = model.config.prefix
                    x = x[:, [*range(prefix), *[prefix + i for i in places]]]
                    layer = model.vit.blocks[block - 1]
                    x = model.run_blocks(x + layer.mlp(layer.norm2(x)), block + 1, until)
                right += int(model.readout(x).argmax()) == features.labels[row]
        values.append(right / len(rows))
    cell = results["further"]["random"]["0.50"]
    assert cell["seeds"] == pytest.approx(values, abs=1e-5)
    assert cell["value"] == pytest.approx(np.mean(values), abs=1e-5)
    assert cell["ci95"][0] <= cell["value"] <= cell["ci95"][1]


def test_paired_differences(measured):
    results, model, features = measured.results, measured.model, measured.features
    right = {
        score: right_one_by_one(model, features, lambda spec: model(spec, 0.4, score).logits)  # noqa: B023
        for score in ("attention", "variation")
    }
    cell = results["paired"]["attention_minus_variation"]["0.40"]
    gains = right["attention"].astype(int) - right["variation"]
    assert cell["value"] == pytest.approx(gains.mean(), abs=1e-5)
    only = int((gains > 0).sum()), int((gains < 0).sum())
    expected = binomtest(only[0], sum(only)).pvalue if sum(only) else 1.0
    assert cell["mcnemar_p"] == pytest.approx(expected, rel=0.01)
    rng, n = np.random.default_rng(1), len(gains)
    means = [np.mean([gains[i] for i in rng.integers(n, size=n)]) for _ in range(2000)]
    assert cell["ci95"] == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=1.01 / n)
    right_indices = results["keep_rate"]["intensity"]["0.60"]["value"]
    shifted = results["further"]["intensity_shifted"]["0.60"]["value"]
    gain = results["paired"]["intensity_minus_shifted"]["0.60"]["value"]
    assert gain == pytest.approx(right_indices - shifted, abs=2e-5)


def test_an_interval_of_a_ratio_is_that_of_resampled_clips():
    rng = np.random.default_rng(0)
    wholes = rng.integers(0, 20, 50)
    parts = rng.binomial(wholes, 0.3)
    cell = measure.ratio_cell(parts, wholes)
    assert cell["value"] == pytest.approx(parts.sum() / wholes.sum(), abs=1e-5)
    drawn = rng.integers(50, size=(4000, 50))
    expected = np.percentile(parts[drawn].sum(1) / wholes[drawn].sum(1), [2.5, 97.5])
    assert cell["ci95"] == pytest.approx(expected, abs=0.01)
    assert measure.ratio_cell(parts, np.zeros(50))["value"] is None
    assert measure.mean_cell(np.array([1.0, math.nan, 3.0])) == {"value": 2.0, "ci95": [1.0, 3.0], "n": 2}


# -- the published ranking


def test_the_published_counts_are_those_of_its_code():
    config = tiny_config("audiomae")
    assert published_counts(config, 0.9) == [58, 52, 46]  # where 58, 53, 48 were meant
    assert published_counts(tiny_config("ast"), 0.9) == [58, 51, 45]


def test_the_published_order_of_ast_is_frequency_first():
    order = own_order(tiny_config("ast", frames=48)).tolist()
    assert order == [t * 8 + f for f in range(8) for t in range(3)]
    assert own_order(tiny_config("audiomae", frames=48)).tolist() == list(range(24))


@torch.inference_mode()
def test_shifted_ranking_against_lists(model, specs):
    """Tokens in plain lists, chosen by the published code's ids, on every block as timm runs it."""
    config, blocks = model.config, model.vit.blocks
    ast = config.family == "ast"
    columns = config.patches // 8
    entered = model.run_blocks(model.embed(specs), 1, 3)
    attended = entered + blocks[3].attn(blocks[3].norm1(entered))
    for statistic in patch_statistics(specs):
        logits = shifted_logits(model, attended, statistic, 0.6)
        for clip in range(len(specs)):
            tokens, ranks = list(attended[clip, : config.prefix]), []
            pairs = [(t, f) for f in range(8) for t in range(columns)]
            if not ast:
                pairs = [(t, f) for t in range(columns) for f in range(8)]
            for t, f in pairs:
                tokens.append(attended[clip, config.prefix + t * 8 + f])
                ranks.append(float(statistic[clip, t * 8 + f]))
            for block, until in ((4, 6), (7, 9), (10, 12)):
                if block > 4:
                    x = torch.stack(tokens)[None]
                    tokens = list((x + blocks[block - 1].attn(blocks[block - 1].norm1(x)))[0])
                keep = math.ceil(0.6 * (len(tokens) - config.prefix) - 1e-9)
                chosen = sorted(range(len(ranks)), key=lambda i: (-ranks[i], i))[:keep]
                tokens, ranks = [tokens[i] for i in chosen], [ranks[i] for i in chosen]
                x = torch.stack(tokens)[None]
                x = x + blocks[block - 1].mlp(blocks[block - 1].norm2(x))
                for later in range(block, until):
                    x = blocks[later](x)
                tokens = list(x[0])
            if ast:
                answer = model.head((model.vit.norm(tokens[0]) + model.vit.norm(tokens[1])) / 2)
            else:
                answer = model.vit.head(model.vit.fc_norm(sum(tokens[1:]) / (len(tokens) - 1)))
            torch.testing.assert_close(logits[clip], answer, atol=1e-3, rtol=1e-3)


def test_rates_that_leave_nothing_to_read_are_left_out(measured):
    further = measured.results["further"]
    # 32 patches at 0.3 end in a single token, whose mean "without the first" is empty.
    assert list(further["random"]) == ["0.30", "0.40", "0.50", "0.60", "0.70", "0.80", "0.90"]
    assert "0.30" not in further["intensity_shifted"]
    assert "0.70" in further["variation_shifted"]


# -- several classes a clip


def test_map_of_resamples_is_scikit_learns():
    rng = np.random.default_rng(0)
    targets = rng.random((40, 4)) < 0.3
    scores = rng.integers(0, 6, (40, 4)).astype(float)  # many ties
    weights = rng.multinomial(40, np.full(40, 1 / 40), size=5)
    for drawn, value in zip(weights, measure.weighted_map(targets, scores, weights), strict=True):
        rows = np.repeat(np.arange(40), drawn)
        expected = [
            average_precision_score(t, s)
            for t, s in zip(targets[rows].T, scores[rows].T, strict=True)
            if t.any()
        ]
        assert value == pytest.approx(np.mean(expected), abs=1e-12)


def test_the_interval_of_map_holds_it_where_classes_are_rare():
    """A resample draws a class's only clip twice or not at all: the middle of the resamples is too high."""
    rng = np.random.default_rng(1)
    targets = np.zeros((200, 100), bool)
    targets[rng.integers(200, size=100), np.arange(100)] = True
    scores = rng.normal(size=targets.shape) + 3 * targets
    judge = measure.MeanAveragePrecision(targets)
    value, (low, high) = judge.value(scores), judge.cell(scores)["ci95"]
    assert value < np.percentile(measure.weighted_map(targets, scores, judge.resamples), 2.5)
    assert (low + high) / 2 == pytest.approx(value, abs=1e-4)
    assert 0.02 < high - low < 0.2
    others = rng.normal(size=targets.shape) + 1.5 * targets
    gain = judge.difference([scores], [others])
    assert gain["value"] == pytest.approx(value - judge.value(others), abs=1e-4)
    assert 0 < gain["ci95"][0] < gain["value"] < gain["ci95"][1]


def test_several_classes_a_clip_are_judged_by_map(tmp_path, monkeypatch):
    small_splits.use_folder(tmp_path, monkeypatch.setattr)
    features = small_splits.generated_features(multilabel=True)
    name = small_splits.bundle("audiomae", features, tmp_path)
    export.refresh_clusters(name, features, tmp_path)
    results, model = evaluate.evaluate(name, features), load_model(name)
    assert results["metric"] == "mAP"
    assert "confusion" not in results
    rows = features.indices("test")
    with torch.inference_mode():
        logits = np.stack([model(spec_of(model, features, row), 0.5).logits[0].numpy() for row in rows])
    by_class = [average_precision_score(features.targets[rows, c], logits[:, c]) for c in (0, 1)]
    cell = results["keep_rate"]["attention"]["0.50"]
    assert cell["value"] == pytest.approx(np.mean(by_class), abs=1e-4)
    assert cell["ci95"][0] < cell["value"] < cell["ci95"][1]
    assert results["per_class"]["a"]["mAP"]["0.50"] == pytest.approx(by_class[0], abs=1e-4)
    assert results["per_class"]["c"] == {"n": 0, "mAP": {"1.00": None, "0.70": None, "0.50": None}}
    assert "mcnemar_p" not in results["paired"]["attention_minus_random"]["0.50"]


# -- cards and runs


def test_clusters_are_written_into_the_card_alone(measured):
    card, model, features = measured.card, measured.model, measured.features
    assert card["clusters_of"] == "test split"
    assert card["date"] == "2026-01-01"
    assert model.config.sha256 == card["weights_sha256"]
    specs = torch.cat([spec_of(model, features, row) for row in features.indices("test")])
    for statistic, values in zip(("intensity", "variation"), patch_statistics(specs), strict=True):
        edges, shares = (card["clusters"][statistic][key] for key in ("edges", "shares"))
        assert [edges[0], edges[-1]] == pytest.approx([float(values.min()), float(values.max())], abs=1e-5)
        counts, _ = np.histogram(values.numpy(), [-np.inf, *edges[1:-1], np.inf])
        assert shares == pytest.approx(counts / counts.sum(), abs=0.005)


@pytest.fixture
def run(tmp_path, features):
    """A run folder as fine-tuning at keep-rate 0.5 leaves it."""
    folder = tmp_path / "ast-at-0.5"
    folder.mkdir()
    recipe = dataclasses.replace(
        load_recipe("ast-spc12", FinetuneRecipe),
        dim=64,
        pruning=Pruning(start=1, warmup=1, keep_rate=0.5, scores={"attention": 1.0}),
    )
    (folder / "recipe.json").write_text(json.dumps(dataclasses.asdict(recipe)))
    (folder / "run.json").write_text('{"commit": "abc", "features": ["noise"]}')
    torch.manual_seed(1)
    model = build_model(features, recipe, None)
    for parameter in model.parameters():
        parameter.data.normal_(std=0.2)
    average = {f"module.{key}": value for key, value in model.state_dict().items()}
    torch.save({"modules": {"average": average}}, folder / "last.pt")
    return folder


def test_a_run_at_one_keep_rate_stands_beside_the_elastic_model(fresh, features, run, tmp_path, monkeypatch):
    folder = small_splits.write_features(features, tmp_path / "features")

    def command(*arguments: str) -> None:
        monkeypatch.setattr("sys.argv", ["evaluate", *arguments])
        evaluate.main()

    command("--run", str(run), str(folder))
    alone = json.loads((run / "results.json").read_text())
    command(fresh, str(folder))
    path = tmp_path / "results" / f"{fresh}.json"
    before = json.loads(path.read_text())
    command(fresh, str(folder), "--add-fixed", str(run))
    after = json.loads(path.read_text())
    entry = after["further"].pop("trained_at_0.50")
    assert after == before
    assert alone["model"] == "ast-at-0.5"
    assert entry["value"] == alone["keep_rate"]["attention"]["0.50"]["value"]
    assert entry["unpruned"]["value"] == alone["keep_rate"]["attention"]["1.00"]["value"]
    assert entry["run"]["commit"] == "abc"
    assert entry["run"]["recipe"]["pruning"]["keep_rate"] == 0.5
    elastic = before["keep_rate"]["attention"]["0.50"]["value"]
    assert entry["elastic_minus_fixed"]["value"] == pytest.approx(elastic - entry["value"], abs=2e-5)
    path.write_text(json.dumps({**json.loads(path.read_text()), "against_tagger": {"noise": {"n": 5}}}))
    command(fresh, str(folder))
    again = json.loads(path.read_text())
    assert again["further"].pop("trained_at_0.50") == entry, "the same weights keep what was added"
    assert again.pop("against_tagger") == {"noise": {"n": 5}}
    assert again == before
    path.write_text(json.dumps({**before, "further": None, "against_tagger": 5}))
    command(fresh, str(folder), "--add-fixed", str(run))
    assert list(json.loads(path.read_text())["further"]) == ["trained_at_0.50"]


# -- bad input


def test_what_is_missing_or_does_not_fit_is_named(fresh, features, run, tmp_path):
    with pytest.raises(InputError, match="'eval'"):
        evaluate.evaluate(fresh, features, split="eval")
    with pytest.raises(InputError, match="classes"):
        evaluate.evaluate(fresh, dataclasses.replace(features, meta=features.meta | {"class_names": ["a"]}))
    with pytest.raises(InputError, match="128 frames"):
        evaluate.evaluate(fresh, dataclasses.replace(features, meta=features.meta | {"frames": 128}))
    with pytest.raises(InputError, match="no results yet"):
        evaluate.add_fixed(fresh, run, features)
    recipe = json.loads((run / "recipe.json").read_text())
    recipe["pruning"]["keep_rate"] = "elastic"
    (run / "recipe.json").write_text(json.dumps(recipe))
    results = {"weights_sha256": load_model(fresh).config.sha256}
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / f"{fresh}.json").write_text(json.dumps(results))
    with pytest.raises(InputError, match="elastic keep-rates"):
        evaluate.add_fixed(fresh, run, features)
    card = json.loads((tmp_path / f"{fresh}.json").read_text())
    del card["clusters"]
    (tmp_path / f"{fresh}.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match=f"--clusters {fresh}"):
        evaluate.evaluate(fresh, features)
