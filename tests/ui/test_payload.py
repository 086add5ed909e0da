"""The data of passport, listening and survival, as sent to the page."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
import torch

from tpexplore.model.plan import KEEP_RATES, PRUNE_BLOCKS, keep_plan
from tpexplore.signal.resynthesis import patch_gains
from tpexplore.stats.clusters import Clusters
from tpexplore.study.sweep import explore
from tpexplore.ui.payload import ROW_STEPS, bin_rows, build_payload


def decode(text: str, dtype) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


@pytest.fixture
def exploration(model, clip):
    return explore(model, clip)


def test_exploration_holds_what_each_stage_ranked_by(model, clip):
    exploration = explore(model, clip, keep_rates=(0.4, 1.0))
    with torch.inference_mode():
        spec = model.spectrogram(clip)[None]
        x = model.run_blocks(model.embed(spec), 1, 3)
        _, first = model.attend(x, 4, with_score=True)
    for score, statistic in (("attention", first[0].numpy()), ("intensity", exploration.intensity)):
        point, unpruned = exploration.points[score]
        assert unpruned.scores == {}
        np.testing.assert_array_equal(point.scores[4], statistic)
        present = np.arange(64)
        for block in PRUNE_BLOCKS:
            ranked = point.scores[block]
            order = np.argsort(-ranked, kind="stable")[: len(point.kept[block])]
            assert present[np.sort(order)].tolist() == point.kept[block].tolist()
            present = point.kept[block]


def test_attention_is_sent_unrounded_and_in_order(exploration, clip):
    sent = build_payload(exploration, samples=clip, name="tone")
    row = decode(sent["scores"]["attention"]["attention"], "<f4")
    assert sent["scores"]["intensity"]["attention"] is None
    at = 64
    for point in exploration.points["attention"][:-1]:
        np.testing.assert_array_equal(row[:64], point.scores[4])
        for block in PRUNE_BLOCKS[1:]:
            np.testing.assert_array_equal(row[at : at + len(point.scores[block])], point.scores[block])
            at += len(point.scores[block])
    assert at == len(row)
    expected = 64 + sum(sum(list(keep_plan(rate, 64).values())[:2]) for rate in KEEP_RATES if rate < 1)
    assert len(row) == expected


def test_statistics_lose_no_bit(exploration, clip):
    text = json.dumps(build_payload(exploration, samples=clip, name="tone"))
    picture = json.loads(text)["picture"]
    for name in ("intensity", "variation"):
        np.testing.assert_array_equal(np.float32(picture[name]), getattr(exploration, name))


def test_bins_lie_among_the_rows_where_the_gains_say():
    places = bin_rows().astype(float) / ROW_STEPS
    assert places.shape == (257,)
    assert (np.diff(places) >= 0).all()
    for kept in (np.arange(8) == 3, np.arange(8) % 2 == 0, np.arange(8) < 5):
        low = np.minimum(places.astype(int), 6)
        share = places - low
        gains = kept[low] * (1 - share) + kept[low + 1] * share
        np.testing.assert_array_equal(gains, patch_gains(kept, 16)[:, 0])


def test_clusters_are_sent_where_they_are_known(exploration, clip):
    assert build_payload(exploration, samples=clip, name="tone")["clusters"] is None
    known = {
        name: Clusters((-3.0, -1.0, -0.5, 0.0, 0.5, 3.0), (0.2,) * 5) for name in ("intensity", "variation")
    }
    sent = build_payload(exploration, samples=clip, name="tone", clusters=known)
    assert sent["clusters"]["variation"] == [-3.0, -1.0, -0.5, 0.0, 0.5, 3.0]


def test_sound_above_full_scale_is_sent_whole(exploration, clip):
    loud = clip * 5
    sent = build_payload(exploration, samples=loud, name="loud")["clip"]
    assert np.abs(loud).max() > 1
    assert np.allclose(decode(sent["pcm"], "<i2") / 32767 * sent["scale"], loud, atol=1e-4)
    assert build_payload(exploration, samples=clip, name="tone")["clip"]["scale"] == 1.0


def test_additions_stay_small(exploration, clip):
    sent = build_payload(exploration, samples=clip, name="tone")
    added = len(sent["scores"]["attention"]["attention"]) + len(sent["bin_rows"])
    assert added < 0.12 * len(json.dumps(sent))
