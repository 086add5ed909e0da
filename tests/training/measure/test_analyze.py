"""The analysis of a split against slow loops over clips and patches, and against itself in two processes."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from tests import small_splits
from tests.processes import run_in_two
from tpexplore import load_model
from tpexplore.errors import InputError
from tpexplore.stats.patch_statistics import ValueHistogram, cliffs_delta
from training import analyze, evaluate, export
from training.measure.analysis import kept_scores, survival

STATISTICS = ("intensity", "variation")


@pytest.fixture(scope="module", params=["audiomae", "ast"])
def measured(request, tmp_path_factory):
    """An analysis, and what it was made from: specs, real patches, statistics and clusters of every clip."""
    folder = tmp_path_factory.mktemp("assets")
    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        small_splits.use_folder(folder, patch.setattr)
        features = small_splits.generated_features()
        name = small_splits.bundle(request.param, features, folder)
        export.refresh_clusters(name, features, folder)
        analysis, model = analyze.analyze(name, features), load_model(name)
        rows = features.indices("test")
        mel = torch.from_numpy(features.mel[rows].astype(np.float32))
        specs = (mel - model.config.mean) / (2 * model.config.std)
        patches = specs.reshape(len(rows), 4, 16, 8, 16).transpose(2, 3).flatten(3).flatten(1, 2)
        values = {"intensity": patches.mean(-1).numpy(), "variation": patches.std(-1).numpy()}
        card = json.loads((folder / f"{name}.json").read_text())
        edges = {name: card["clusters"][name]["edges"] for name in STATISTICS}
        yield SimpleNamespace(
            analysis=analysis,
            model=model,
            specs=specs,
            labels=features.labels[rows],
            values=values,
            clusters={n: np.digitize(values[n], edges[n][1:-1]) for n in STATISTICS},
            sound=[math.ceil(length / 16) * 8 for length in features.lengths[rows]],
            card=card,
        )


def test_provenance_and_clusters(measured):
    analysis = measured.analysis
    assert analysis["n"] == small_splits.TEST_CLIPS
    assert analysis["weights_sha256"] == measured.card["weights_sha256"]
    assert analysis["clusters"] == measured.card["clusters"]
    padding = sum(32 - sound for sound in measured.sound)
    assert analysis["padding_share"] == pytest.approx(padding / (32 * len(measured.sound)), abs=1e-5)


def test_kendall_is_the_mean_of_scipys(measured):
    with torch.inference_mode():
        scores = measured.model(measured.specs, trace=True).scores.numpy()
    kendall, sound = measured.analysis["kendall"], measured.analysis["kendall_sound"]
    for name in STATISTICS:
        raw, clusters, real = (np.zeros((14, 12)) for _ in range(3))
        for clip in range(14):
            values, ranks, left = (
                measured.values[name][clip],
                measured.clusters[name][clip],
                measured.sound[clip],
            )
            for block in range(12):
                score = scores[clip, block]
                raw[clip, block] = kendalltau(score, values).statistic
                clusters[clip, block] = kendalltau(score, ranks).statistic
                real[clip, block] = kendalltau(score[:left], values[:left]).statistic
        for expected, cells in (
            (raw, kendall[name]["raw"]),
            (clusters, kendall[name]["clusters"]),
            (real, sound[name]),
        ):
            # A clip whose patches are all of one cluster has no tau: it is left out, and "n" shows that.
            assert [c["value"] for c in cells] == pytest.approx(np.nanmean(expected, 0), abs=2e-5)
            assert [c.get("n", 14) for c in cells] == (~np.isnan(expected)).sum(0).tolist()
            assert all(c["ci95"][0] < c["value"] < c["ci95"][1] for c in cells)


def test_the_published_variant_counts_ties_as_concordant(measured):
    with torch.inference_mode():
        scores = measured.model(measured.specs, trace=True).scores.numpy()
    block, expected = 4, []
    for clip in range(14):
        score, ranks = scores[clip, block], measured.clusters["variation"][clip]
        signs = [
            1 if (score[i] - score[j]) * (int(ranks[i]) - int(ranks[j])) >= 0 else -1
            for i in range(32)
            for j in range(i)
        ]
        expected.append(np.mean(signs))
    cell = measured.analysis["kendall"]["variation"]["concordant"][block]
    assert cell["value"] == pytest.approx(np.mean(expected), abs=1e-5)


def survivors(measured, rate: float) -> dict[int, list[set[int]]]:
    """Patches left after each stage, clip by clip."""
    left: dict[int, list[set[int]]] = {4: [], 7: [], 10: []}
    with torch.inference_mode():
        for spec in measured.specs:
            for block, ids in measured.model(spec[None], rate).kept.items():
                left[block].append(set(ids[0].tolist()))
    return left


def test_survival_by_counting(measured):
    for rate in ("0.30", "0.70"):
        survived, left = measured.analysis["survival"][rate], survivors(measured, float(rate))
        for block, clips in left.items():
            for name in STATISTICS:
                there, all_of_it = np.zeros(5), np.zeros(5)
                for clip in range(14):
                    for patch in range(32):
                        cluster = measured.clusters[name][clip, patch]
                        all_of_it[cluster] += 1
                        there[cluster] += patch in clips[clip]
                assert survived[f"{name}_clusters"][str(block)] == pytest.approx(there / all_of_it, abs=1e-5)
            fates = {"sound": [0, 0], "padding": [0, 0]}
            for clip in range(14):
                for patch in range(32):
                    kind = "sound" if patch < measured.sound[clip] else "padding"
                    fates[kind][0] += patch in clips[clip]
                    fates[kind][1] += 1
            for kind, (kept, present) in fates.items():
                assert survived[kind][str(block)] == pytest.approx(kept / present, abs=1e-5)
        low = measured.clusters["intensity"] < 2
        kept_low = [sum(low[clip, patch] for patch in left[10][clip]) for clip in range(14)]
        cell = survived["low_intensity_share_of_kept"]
        shares = [n / len(ids) for n, ids in zip(kept_low, left[10], strict=True)]
        assert cell["value"] == pytest.approx(np.mean(shares), abs=1e-5)
        assert cell["ci95"][0] <= cell["value"] <= cell["ci95"][1]
        assert survived["low_intensity_survival"]["value"] == pytest.approx(
            sum(kept_low) / low.sum(), abs=1e-5
        )


def test_histograms_are_numpys(measured):
    histograms, left = measured.analysis["histograms"], survivors(measured, 0.5)[10]
    edges = histograms["x_edges"], histograms["y_edges"]
    intensity, variation = (measured.values[name] for name in STATISTICS)
    kept = np.array([[patch in ids for patch in range(32)] for ids in left])
    sound = np.arange(32) < np.array(measured.sound)[:, None]
    everything = np.ones_like(kept)
    for name, mask in (
        ("input", everything),
        ("input_sound", sound),
        ("kept", kept),
        ("kept_sound", kept & sound),
    ):
        expected, _, _ = np.histogram2d(intensity[mask], variation[mask], edges)
        assert histograms[name] == expected.tolist()
    assert edges[0][0] <= intensity.min()
    assert edges[0][-1] >= intensity.max()
    assert edges[1][0] == 0
    assert np.sum(histograms["input"]) >= 0.999 * everything.sum()


def test_histogram_edges_end_at_999_in_1000_patches():
    intensity, variation = ValueHistogram(), ValueHistogram()
    intensity.add(torch.tensor([-1.234567, 2.345671]))
    variation.add(torch.cat([torch.linspace(0, 1, 9990), torch.full((10,), 5.0)]))
    edges = survival.histogram_edges({"intensity": intensity, "variation": variation})
    assert (edges["intensity"][0], edges["intensity"][-1]) == (-1.23457, 2.34568)
    assert edges["variation"][-1] == pytest.approx(1, abs=3e-4)
    assert len(edges["variation"]) == 21


@torch.inference_mode()
def test_removal_clip_by_clip(measured):
    removal = measured.analysis["removal"]
    assert removal["blocks"] == list(range(1, 12))
    for name, group, block in (("intensity", "L", 2), ("variation", "H", 6), ("intensity", "H", 11)):
        leaves = measured.clusters[name] < 2 if group == "L" else measured.clusters[name] > 2
        right = 0
        for clip in range(14):
            out = measured.model(
                measured.specs[clip : clip + 1], removal=(block, torch.from_numpy(leaves[clip : clip + 1]))
            )
            right += int(out.logits.argmax()) == measured.labels[clip]
        curve = removal[name][group]
        assert curve["values"][block - 1]["value"] == pytest.approx(right / 14, abs=1e-5)
        assert curve["removed_share"] == pytest.approx(leaves.mean(), abs=1e-5)
        assert curve["emptied_clips"] == leaves.all(1).sum()
        for value, random, gap in zip(curve["values"], curve["random"], curve["difference"], strict=True):
            assert gap["value"] == pytest.approx(value["value"] - random["value"], abs=2e-5)
    unpruned = (measured.model(measured.specs).logits.argmax(1).numpy() == measured.labels).mean()
    assert removal["unpruned"]["value"] == pytest.approx(unpruned, abs=1e-5)


@torch.inference_mode()
def test_scores_of_kept_and_dropped(measured):
    scores_by_block = measured.analysis["attention_of_kept"]["0.50"]
    kept = measured.model(measured.specs, 0.5).kept
    later = measured.model(measured.specs, trace=True).scores[:, -1]
    for stage in kept_scores.stages(measured.model, measured.specs, 0.5):
        left = torch.stack([ids[mask] for ids, mask in zip(stage.ids, stage.kept, strict=True)])
        assert torch.equal(left, kept[stage.block])
        cell = scores_by_block[str(stage.block)]
        for fate, mask in (("kept", stage.kept), ("dropped", ~stage.kept)):
            scores = stage.score[mask]
            assert cell[fate]["mean"] == pytest.approx(float(scores.mean()), abs=2e-5)
            expected = np.percentile(scores.numpy(), [5, 25, 50, 75, 95], method="inverted_cdf")
            assert cell[fate]["quantiles"] == pytest.approx(expected, rel=0.006, abs=1e-5)
        delta = cliffs_delta(stage.score[stage.kept], stage.score[~stage.kept])
        assert cell["delta"] == pytest.approx(delta, abs=0.02)
        bins = torch.floor(64 * stage.score.double().log2())  # scores in one bin count as equal
        clusters = torch.from_numpy(measured.clusters["intensity"]).gather(1, stage.ids)
        for cluster, value in enumerate(cell["by_cluster"]):
            groups = [bins[fate & (clusters == cluster)] for fate in (stage.kept, ~stage.kept)]
            if not all(map(len, groups)):
                assert value is None
            else:
                assert value == pytest.approx(cliffs_delta(*groups), abs=1e-5)
        scores = later.gather(1, stage.ids)
        by_clip = [cliffs_delta(s[k], s[~k]) for s, k in zip(scores, stage.kept, strict=True)]
        assert cell["later_delta"]["value"] == pytest.approx(np.mean(by_clip), abs=1e-5)


def test_attention_scores_are_relative_to_uniform(measured):
    """The first stage's score is the unpruned model's fourth, times the patches present."""
    with torch.inference_mode():
        first = next(kept_scores.stages(measured.model, measured.specs, 0.5))
        scores = measured.model(measured.specs, trace=True).scores[:, 3]
    torch.testing.assert_close(first.score, scores * 32, rtol=1e-4, atol=1e-4)


def test_two_processes_write_the_same_bytes_as_one(tmp_path, monkeypatch):
    """Both commands: alone in this process, and shared between two gloo processes."""
    small_splits.use_folder(tmp_path, monkeypatch.setattr)
    features = small_splits.generated_features(test_clips=7)  # two batches, one short
    name = small_splits.bundle("audiomae", features, tmp_path)
    export.refresh_clusters(name, features, tmp_path)
    folder = small_splits.write_features(features, tmp_path / "features")
    paths = [tmp_path / kind / f"{name}.json" for kind in ("results", "analysis")]
    monkeypatch.setattr("sys.argv", ["command", name, str(folder)])
    evaluate.main()
    analyze.main()
    alone = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    run_in_two(small_splits.evaluate_and_analyze, tmp_path, name)
    for path, whole in zip(paths, alone, strict=True):
        shared = path.read_bytes()
        assert json.loads(shared) == json.loads(whole)  # shows what differs
        assert shared == whole
    assert b"NaN" not in alone[1]


def test_a_card_without_clusters_is_named(tmp_path, monkeypatch):
    small_splits.use_folder(tmp_path, monkeypatch.setattr)
    features = small_splits.generated_features()
    name = small_splits.bundle("ast", features, tmp_path)
    with pytest.raises(InputError, match=f"--clusters {name}"):
        analyze.analyze(name, features)
