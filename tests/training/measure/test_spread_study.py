"""Attention's best patches of every place, against loops over patches and single passes."""

import json

import numpy as np
import pytest
import torch

from tests import small_splits
from tpexplore import load_model
from tpexplore.model.forward import Entered
from tpexplore.model.pruning import random_ranks
from training import spread_study as command
from training.measure import bundled_study
from training.measure import spread_study as study
from training.readme.studies import spread_table

CLIPS, ROWS, COLUMNS = 4, 8, 4


def test_every_place_keeps_as_many_and_its_best():
    rng = np.random.default_rng(0)
    attention = rng.uniform(0.01, 1, (3, ROWS * COLUMNS))
    ranking = study.in_every_place(torch.from_numpy(attention), ROWS).numpy()
    for kept in (8, 16, 24):
        for values, ranks in zip(attention, ranking, strict=True):
            chosen = set(np.argsort(-ranks)[:kept].tolist())
            for column in range(0, COLUMNS, 2):
                for row in range(0, ROWS, 2):
                    place = [c * ROWS + r for c in (column, column + 1) for r in (row, row + 1)]
                    best = sorted(place, key=lambda patch: -values[patch])[: kept // 8]
                    assert chosen & set(place) == set(best)
    # With fewer than one a place, attention decides whose best stays.
    best = np.argsort(-ranking[0])[:3]
    assert (np.diff(attention[0][best]) < 0).all()


def test_figures_are_those_of_single_passes(tmp_path, monkeypatch, capsys):
    features = small_splits.generated_features(test_clips=CLIPS)
    small_splits.use_folder(tmp_path, monkeypatch.setattr)
    name = small_splits.bundle("audiomae", features, tmp_path)
    monkeypatch.setattr(bundled_study, "STUDIES_FOLDER", tmp_path / "studies")
    folder = small_splits.write_features(features, tmp_path / "features")
    monkeypatch.setattr("sys.argv", ["spread_study", name, str(folder)])
    command.main()
    assert capsys.readouterr().out.endswith(f"spread-{name}.json: written\n")
    results = json.loads((tmp_path / "studies" / f"spread-{name}.json").read_text())
    model = load_model(name)
    right: dict[str, list[float]] = {way: [] for way in study.WAYS}
    columns: dict[str, list[float]] = {way: [] for way in study.WAYS}
    for position, row in enumerate(features.indices("test")):
        mel = torch.from_numpy(features.mel[row].astype(np.float32))
        spec = ((mel - model.config.mean) / (2 * model.config.std))[None]
        with torch.inference_mode():
            attention = model(spec, 0.5).stages[0].scores
            orders = {
                "attention": ["attention"],
                "attention in every place": [study.in_every_place(attention, ROWS)],
                "lowest attention": [-attention],
                "random": [random_ranks(seed, [position], ROWS * COLUMNS) for seed in range(3)],
            }
            for way, several in orders.items():
                outs = [Entered(model, spec).output(0.5, order) for order in several]
                label = features.labels[row]
                right[way].append(np.mean([int(out.logits.argmax()) == label for out in outs]))
                left = [{int(patch) // ROWS for patch in out.kept[10][0]} for out in outs]
                columns[way].append(np.mean([len(one) for one in left]))
    for way in study.WAYS:
        assert results["accuracy"][way]["0.50"]["value"] == pytest.approx(np.mean(right[way]), abs=1e-5)
        assert results["columns"][way]["0.50"]["value"] == pytest.approx(np.mean(columns[way]), abs=1e-5)
        if way != "attention":
            gain = np.mean(right[way]) - np.mean(right["attention"])
            assert results["gain_over_attention"][way]["0.50"]["value"] == pytest.approx(gain, abs=1e-5)
    assert spread_table({name: results}).count(f"`{name}`") == 3


def test_without_a_study_the_table_says_so():
    assert spread_table({}).startswith("Not measured yet")
