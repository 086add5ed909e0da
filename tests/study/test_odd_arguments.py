"""Odd arguments of the studies: with a clear meaning they are accepted, else one sentence."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
import torch

from tests.conftest import tiny_config
from tests.signal.audio_files import refusal
from tpexplore.checkpoints.bundled import example_clips
from tpexplore.model.vit import AudioViT
from tpexplore.signal.excerpt import read_excerpt
from tpexplore.signal.grid import Grid
from tpexplore.signal.recording import read_windows
from tpexplore.signal.resynthesis import patch_gains, resynthesise
from tpexplore.signal.spectrogram import log_mel
from tpexplore.stats.clusters import Clusters, ValueHistogram, cluster_counts
from tpexplore.stats.kendall import cliffs_delta, kendall_tau
from tpexplore.study.batch import BatchJob, run_batch
from tpexplore.study.faithfulness import faithfulness, random_maps
from tpexplore.study.overlap import expected_iou, stage_overlaps
from tpexplore.study.removal import group_mask, removal_curve
from tpexplore.study.stability import Change, changed_clip, stability
from tpexplore.study.sweep import explore_batch

CLIP = np.random.default_rng(0).normal(0, 0.1, 2_000).astype(np.float32)
KEPT = np.arange(64) % 2 < 1
MASK = torch.from_numpy(KEPT)[None]

ODD = {
    "nothing": None,
    "text": "0.5",
    "bytes": b"x",
    "NaN": math.nan,
    "infinity": math.inf,
    "a huge number": 10**400,
    "a complex number": 1j,
    "an object": object(),
    "an array": np.array([0.5, 0.2]),
    "a dict": {"x": 1},
    "a tensor with a gradient": torch.tensor(0.5, requires_grad=True),
    "an array of no axis": np.array(0.5),
}
NUMBERS = ("text", "a tensor with a gradient", "an array of no axis")
"""Those that stand for a number."""
EXAMPLE = example_clips()[0].path
LOUD = Change("gain", 6)


@pytest.fixture(scope="module")
def model() -> AudioViT:
    torch.manual_seed(0)
    return AudioViT(tiny_config("ast")).eval()


@pytest.fixture(scope="module")
def spec(model) -> torch.Tensor:
    return model.spectrogram(CLIP)[None]


CALLS = {
    "changes": lambda model, spec, odd: stability(model, CLIP, changes=odd),
    "a change": lambda model, spec, odd: stability(model, CLIP, changes=[odd]),
    "kind of a change": lambda model, spec, odd: Change(odd, 6),
    "length": lambda model, spec, odd: changed_clip(CLIP, LOUD, odd),
    "seed of the noise": lambda model, spec, odd: changed_clip(CLIP, Change("noise", 30), 100, odd),
    "maps": lambda model, spec, odd: faithfulness(model, CLIP, odd),
    "a map": lambda model, spec, odd: resynthesise(CLIP, [odd], 128),
    "map of gains": lambda model, spec, odd: patch_gains(odd, 128),
    "one class": lambda model, spec, odd: faithfulness(model, CLIP, [KEPT], [odd]),
    "kept": lambda model, spec, odd: random_maps(odd, 2),
    "draws": lambda model, spec, odd: random_maps(KEPT, odd),
    "seed of the draws": lambda model, spec, odd: random_maps(KEPT, 2, odd),
    "mask": lambda model, spec, odd: removal_curve(model, spec, {"some": odd}, [1]),
    "block": lambda model, spec, odd: removal_curve(model, spec, {"some": MASK}, [odd]),
    "group": lambda model, spec, odd: group_mask(torch.zeros(1, 64), odd),
    "a clip": lambda model, spec, odd: explore_batch(model, [odd], keep_rates=[0.5]),
    "size": lambda model, spec, odd: expected_iou(1, 1, odd),
    "drops": lambda model, spec, odd: stage_overlaps(odd, np.zeros(64, int)),
    "waveform": lambda model, spec, odd: log_mel(odd),
    "window": lambda model, spec, odd: next(read_windows(EXAMPLE, odd)),
    "excerpt": lambda model, spec, odd: read_excerpt(EXAMPLE, odd),
    "frames": lambda model, spec, odd: Grid.of(odd),
    "stride": lambda model, spec, odd: Grid.of(128, odd),
    "keep-rates of a batch": lambda model, spec, odd: BatchJob("ast-spc12", keep_rates=odd),
    "hop of a batch": lambda model, spec, odd: BatchJob("ast-spc12", hop=[odd]),
    "folder": lambda model, spec, odd: run_batch(odd, "t.csv", BatchJob("ast-spc12")),
    "workers": lambda model, spec, odd: run_batch("clips", "t.csv", BatchJob("ast-spc12"), workers=odd),
}


MEANT = [
    ("size", "a huge number"),
    ("frames", "a huge number"),
    *(("window", kind) for kind in NUMBERS),
    *(("excerpt", kind) for kind in NUMBERS),
    ("keep-rates of a batch", "an array"),
    ("folder", "bytes"),
]
"""Combinations that are accepted."""


@pytest.mark.parametrize("call", CALLS)
def test_odd_values_end_in_a_sentence(model, spec, call):
    for kind, odd in ODD.items():
        if (call, kind) not in MEANT:
            assert len(refusal(CALLS[call], model, spec, odd)) < 300, kind
    refusal(CALLS[call], model, spec, -1)


@pytest.mark.parametrize("odd", [None, "6", b"6", math.nan, math.inf, 1j, np.zeros(2), {}], ids=str)
@pytest.mark.parametrize("kind", ["shift", "gain", "noise"])
def test_amounts_that_are_no_number_are_refused(kind, odd):
    refusal(Change, kind, odd)
    refusal(Change, kind, 10**400)
    refusal(Change, kind, True)


def test_an_amount_beyond_all_levels_is_refused():
    """It used to end in an OverflowError, or in infinite samples."""
    assert "from -200 to 200" in refusal(Change, "gain", 7_000)
    assert Change("gain", np.int64(6)) == LOUD == Change("gain", np.array(6.0))


@pytest.mark.parametrize("blocks", [[], [7, 4], [4, 4], 4, None])
def test_blocks_that_do_not_ascend_are_refused(model, spec, blocks):
    """For blocks 7 and 4, the answer after block 4 used to be that after block 7."""
    if blocks is None:
        assert len(removal_curve(model, spec, {"some": MASK})["some"]) == 11
    else:
        refusal(removal_curve, model, spec, {"some": MASK}, blocks)


@pytest.mark.parametrize("masks", [None, MASK, [MASK], "L", 5], ids=type)
def test_masks_without_names_are_refused(model, spec, masks):
    refusal(removal_curve, model, spec, masks, [1])


def test_masks_in_any_form_are_the_same_mask(model, spec):
    expected = removal_curve(model, spec, {"some": MASK}, [4])["some"]
    for mask in (MASK.numpy(), MASK.tolist(), MASK.to_sparse(), MASK.numpy()[:, ::-1][:, ::-1]):
        assert removal_curve(model, spec, {"some": mask}, [4])["some"].equal(expected)


@pytest.mark.parametrize("classes", [[], [-1], [5], [0.5], 0, "0", [True]], ids=str)
def test_classes_that_a_model_lacks_are_refused(model, classes):
    refusal(faithfulness, model, CLIP, [KEPT], classes)


@pytest.mark.parametrize("clips", [None, 5, [], {}, np.array(0.5)], ids=str)
def test_clips_that_are_no_list_are_refused(model, clips):
    refusal(explore_batch, model, clips, keep_rates=[0.5])


@pytest.mark.parametrize("odd", [None, "x", 10**400, 1j, torch.zeros(4, dtype=torch.complex64), {}], ids=str)
def test_what_has_no_order_is_not_ranked(odd):
    """The imaginary part used to be dropped without a message."""
    refusal(kendall_tau, odd, torch.arange(4.0))
    refusal(cliffs_delta, odd, torch.arange(4.0))
    refusal(Clusters((0.0, 1.0, 2.0), (0.5, 0.5)).assign, odd)
    refusal(ValueHistogram().add, odd)
    refusal(cluster_counts, odd)
    refusal(group_mask, odd, "L")


def test_integers_are_scaled_before_the_front_end():
    """int16 samples used to be taken as they are, 32,768 times too loud."""
    loud = np.round(CLIP * 32_768).astype(np.int16)
    torch.testing.assert_close(log_mel(loud), log_mel(loud / np.float32(32_768)), rtol=0, atol=0)
    torch.testing.assert_close(log_mel(CLIP[::-1]), log_mel(CLIP[::-1].copy()), rtol=0, atol=0)


def test_clusters_in_any_form_make_the_same_group():
    clusters = [[0, 1, 2, 3, 4, 4]]
    for form in (clusters, np.array(clusters), torch.tensor(clusters)):
        assert group_mask(form, "L").tolist() == [[True, True, False, False, False, False]]
    assert cluster_counts(np.array(clusters)).tolist() == [1, 1, 1, 1, 2]
    assert Clusters((0.0, 1.0, 2.0), (0.5, 0.5)).assign(np.array([0.5, 1.5])).tolist() == [0, 1]


def test_a_batch_without_keep_rates_is_refused():
    """Its table used to have no rows."""
    assert "at least one" in refusal(BatchJob, "ast-spc12", keep_rates=())


def test_a_batch_notes_plain_values():
    """NumPy values used to fail as JSON, after the model was loaded."""
    job = BatchJob("ast-spc12", keep_rates=np.array([0.5, 0.7]), blocks=np.array([4, 7]))
    assert (job.keep_rates, job.blocks) == ((0.5, 0.7), (4, 7))
    assert json.loads(json.dumps(asdict(job)))["blocks"] == [4, 7]
    json.dumps(asdict(Grid.of(np.int64(128), np.int64(10))))


def test_no_clips_have_no_answers(model):
    none = torch.zeros(0, 128, 128)
    assert model(none, removal=(4, torch.zeros(0, 64, dtype=torch.bool))).logits.shape == (0, 5)
