"""The sweep against separate forward passes."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch

from tpexplore import explore
from tpexplore.errors import InputError
from tpexplore.model.plan import KEEP_RATES, SCORES
from tpexplore.study.sweep import explore_steps


def test_sweep_equals_separate_passes(model, clip):
    exploration = explore(model, clip)
    spec = model.spectrogram(clip)[None]
    for score in SCORES:
        points = exploration.points[score]
        assert tuple(p.keep_rate for p in points) == KEEP_RATES
        for point in points:
            with torch.inference_mode():
                out = model(spec, point.keep_rate, score)
            np.testing.assert_array_equal(point.logits, out.logits[0].numpy())
            assert {b: ids.tolist() for b, ids in point.kept.items()} == {
                b: ids[0].tolist() for b, ids in out.kept.items()
            }
            np.testing.assert_allclose(point.probabilities.sum(), 1, rtol=1e-5)


def test_drop_stages_agree_with_the_kept_lists(model, clip):
    exploration = explore(model, clip, keep_rates=(0.3, 0.7, 1.0), scores=("variation",))
    stages = exploration.drop_stages("variation")
    assert stages.shape == (3, 64)
    assert (stages[2] == 0).all()
    for row, point in zip(stages, exploration.points["variation"], strict=True):
        for patch in range(64):
            kept_in = [block for block, ids in point.kept.items() if patch in ids]
            dropped_by = next((block for block in point.kept if block not in kept_in), 0)
            assert row[patch] == dropped_by


def test_flips_mark_changes_of_the_top_answer(model, clip):
    exploration = explore(model, clip)
    for score in SCORES:
        answers = {p.keep_rate: int(p.logits.argmax()) for p in exploration.points[score]}
        expected = [low for low, high in pairwise(KEEP_RATES) if answers[low] != answers[high]]
        assert list(exploration.flips(score)) == expected
        # The answer at one keep-rate alone is compared with the unpruned one.
        for low in KEEP_RATES[:-1]:
            alone = explore(model, clip, keep_rates=[low])
            assert list(alone.flips(score)) == ([low] if answers[low] != answers[1.0] else [])


def test_fewer_patches_cost_fewer_macs(model, clip):
    macs = [p.macs for p in explore(model, clip).points["attention"]]
    assert macs == sorted(macs)
    assert macs[0] < macs[-1]


def test_plain_json_form(model, clip):
    content = json.loads(json.dumps(explore(model, clip, keep_rates=(0.5,)).to_dict()))
    assert content["real_frames"] == 58
    grid = content["model"]["grid"]
    assert (grid["rows"], grid["columns"], grid["mel_stride"], grid["time_stride"]) == (8, 8, 16, 16)
    assert np.array(content["spectrogram"]).shape == (128, 128)
    (point,) = content["scores"]["attention"]["points"]
    assert [len(point["kept"][b]) for b in ("4", "7", "10")] == [32, 16, 8]
    assert len(point["top"]) == 5
    assert point["top"][0]["probability"] >= point["top"][1]["probability"]


def test_progress_counts_up_to_the_total(model, clip):
    seen = []
    explore(model, clip, keep_rates=(0.5, 1.0), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 4) for i in range(1, 5)]


def test_bad_requests_are_named(model, clip):
    with pytest.raises(InputError, match=r"1\.5"):
        explore(model, clip, keep_rates=(0.5, 1.5))
    with pytest.raises(InputError, match="loudness"):
        explore(model, clip, scores=("loudness",))


def test_steps_add_a_point_each_and_end_as_the_whole(model, clip):
    whole = explore(model, clip)
    steps = list(explore_steps(model, clip, scores=("variation", "attention", "intensity"), first=0.55))
    present = [[(s, p.keep_rate) for s, points in step.points.items() for p in points] for step in steps]
    assert present[0] == [("variation", 1.0)] and len(steps) == 1 + 3 * (len(KEEP_RATES) - 1)
    for before, after in pairwise(present):
        new = set(after) - set(before)
        # A score comes with its unpruned point.
        assert set(before) < set(after) and len([rate for _, rate in new if rate < 1]) == 1
        assert len({score for score, _ in new}) == 1
        for score in {score for score, _ in after}:
            rates = [rate for which, rate in after if which == score]
            assert rates == sorted(rates)
    assert present[1] == [("variation", 0.55), ("variation", 1.0)]
    assert {rate for _, rate in present[3]} == {0.5, 0.55, 0.6, 1.0}
    for score, points in whole.points.items():
        for ours, theirs in zip(steps[-1].points[score], points, strict=True):
            assert ours.keep_rate == theirs.keep_rate
            assert np.array_equal(ours.logits, theirs.logits)


def test_a_waiting_sweep_leaves_its_caller_in_peace(model, clip):
    steps = explore_steps(model, clip)
    next(steps)
    assert not torch.is_inference_mode_enabled()
    steps.close()


def test_every_score_is_there_where_nothing_is_pruned(model, clip):
    assert set(explore(model, clip, keep_rates=(1.0,)).points) == set(SCORES)
