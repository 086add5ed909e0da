"""Group removal against single passes and a loop that drops tokens, and what the Removal tab answers."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from tests.conftest import tiny_config
from tests.model.test_vit import timm_twin, twin_logits
from tpexplore.errors import InputError
from tpexplore.signal.spectrogram import patch_statistics
from tpexplore.study.removal import GROUPS, group_mask, random_mask, removal_curve
from tpexplore.ui.choices import ModelChoice
from tpexplore.ui.tabs import removal as removal_tab
from tpexplore.ui.tabs.removal import Shown, decode_mask, draw_masks, read_question
from tpexplore.ui.trace import ClipTrace

BLOCKS = range(1, 12)
PATCHES = 64


@pytest.fixture
def ragged() -> torch.Tensor:
    """Three clips that lose 10, 30 and 55 of 64 patches."""
    generator = torch.Generator().manual_seed(5)
    mask = torch.zeros(3, PATCHES, dtype=torch.bool)
    for row, count in zip(mask, (10, 30, 55), strict=True):
        row[torch.randperm(PATCHES, generator=generator)[:count]] = True
    return mask


@torch.inference_mode()
def logits_of_a_shorter_sequence(model, spec: torch.Tensor, block: int, leaves: torch.Tensor) -> torch.Tensor:
    """One clip in a timm model built apart from the code under test; the tokens are really gone."""
    vit = timm_twin(model)
    tokens = vit._pos_embed(vit.patch_embed(spec[None, None]))
    for layer in vit.blocks[:block]:
        tokens = layer(tokens)
    stay = [True] * model.config.prefix + [not left for left in leaves.tolist()]
    tokens = tokens[:, [i for i, stays in enumerate(stay) if stays]]
    for layer in vit.blocks[block:]:
        tokens = layer(tokens)
    return twin_logits(model, tokens)[0]


# -- the library


@torch.inference_mode()
def test_curve_equals_single_passes(model, specs, ragged):
    masks = {"some": ragged, "others": ~ragged}
    curve = removal_curve(model, specs, masks)
    for name, mask in masks.items():
        assert curve[name].shape == (len(BLOCKS), 3, 5)
        for block, logits in zip(BLOCKS, curve[name], strict=True):
            torch.testing.assert_close(logits, model(specs, removal=(block, mask)).logits, rtol=0, atol=0)


@torch.inference_mode()
def test_curve_equals_dropping_the_tokens(model, specs, ragged):
    curve = removal_curve(model, specs, {"some": ragged})["some"]
    for block in BLOCKS:
        for row in range(3):
            expected = logits_of_a_shorter_sequence(model, specs[row], block, ragged[row])
            torch.testing.assert_close(curve[block - 1, row], expected, rtol=1e-4, atol=1e-5)
    # Each block must matter, else the comparison above proves little.
    assert len({tuple(logits.flatten().tolist()) for logits in curve}) == len(BLOCKS)


@torch.inference_mode()
def test_clips_of_a_ragged_batch_do_not_touch_each_other(model, specs, ragged):
    together = removal_curve(model, specs, {"some": ragged}, [2, 9])["some"]
    for row in range(3):
        part = slice(row, row + 1)
        alone = removal_curve(model, specs[part], {"some": ragged[part]}, [2, 9])["some"]
        torch.testing.assert_close(alone[:, 0], together[:, row], rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_many_removals_from_one_clip(model, specs, ragged):
    curve = removal_curve(model, specs[:1], {"many": ragged, "one": ragged[:1]}, [1, 6])
    assert curve["many"].shape == (2, 3, 5)
    for i, block in enumerate([1, 6]):
        for row in range(3):
            expected = logits_of_a_shorter_sequence(model, specs[0], block, ragged[row])
            torch.testing.assert_close(curve["many"][i, row], expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(curve["one"][:, 0], curve["many"][:, 0], rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_what_lies_before_a_removal_runs_once(model, specs, ragged):
    runs = [[] for _ in model.vit.blocks]
    for seen, layer in zip(runs, model.vit.blocks, strict=True):
        layer.register_forward_hook(lambda _layer, inputs, _out, seen=seen: seen.append(len(inputs[0])))
    removal_curve(model, specs[:1], {"a": ragged, "b": ~ragged}, [4, 7])
    for number, seen in enumerate(runs, start=1):
        prefix = [1] if number <= 7 else []
        removed = [3, 3] * ((number > 4) + (number > 7))
        assert sorted(seen) == sorted(prefix + removed)


@torch.inference_mode()
def test_removing_nothing_is_the_unpruned_model(model, specs):
    nothing = torch.zeros(3, PATCHES, dtype=torch.bool)
    for logits in removal_curve(model, specs, {"nothing": nothing})["nothing"]:
        torch.testing.assert_close(logits, model(specs).logits, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_removing_everything_leaves_prefix_or_bias(model, specs):
    everything = torch.ones(3, PATCHES, dtype=torch.bool)
    for logits in removal_curve(model, specs, {"all": everything}, [1, 11])["all"]:
        assert logits.isfinite().all()
        if model.config.family == "audiomae":  # nothing to average: what the classifier makes of zeros
            zeros = torch.zeros(1, model.config.dim)
            expected = model.vit.head(model.vit.fc_norm(zeros)).expand(3, -1)
            torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("blocks", [[0], [12], [3, 12]])
def test_blocks_out_of_range_are_named(model, specs, ragged, blocks):
    with pytest.raises(InputError, match=f"block {blocks[-1]}"):
        removal_curve(model, specs, {"some": ragged}, blocks)


def test_masks_that_do_not_fit_are_refused(model, specs, ragged):
    with pytest.raises(InputError, match="expected bool"):
        removal_curve(model, specs, {"some": ragged.float()})
    with pytest.raises(InputError, match=r"\(2, 64\)"):
        removal_curve(model, specs, {"some": ragged[:2]})


def test_groups_are_the_papers():
    clusters = torch.tensor([[0, 1, 2, 3, 4, 4]])
    assert group_mask(clusters, "L").tolist() == [[True, True, False, False, False, False]]
    assert group_mask(clusters, "H").tolist() == [[False, False, False, True, True, True]]
    assert group_mask(clusters, "C3").tolist() == [[False, False, True, False, False, False]]
    singles = torch.stack([group_mask(clusters, f"C{i}") for i in range(1, 6)])
    assert (singles.sum(0) == 1).all()
    with pytest.raises(InputError, match="'M'"):
        group_mask(clusters, "M")


def test_random_masks_have_as_many_patches_as_each_clip(ragged):
    first = random_mask(ragged, torch.Generator().manual_seed(0))
    assert first.sum(1).tolist() == [10, 30, 55]
    assert torch.equal(first, random_mask(ragged, torch.Generator().manual_seed(0)))
    assert not torch.equal(first, random_mask(ragged, torch.Generator().manual_seed(1)))


def test_random_masks_favour_no_patch():
    like = torch.zeros(4000, PATCHES, dtype=torch.bool)
    like[:, :16] = True
    share = random_mask(like, torch.Generator().manual_seed(0)).float().mean(0)
    assert share.sub(0.25).abs().max() < 0.035  # five standard deviations of 4000 draws


# -- what the tab gets and answers


@pytest.fixture
def trace(model, specs) -> ClipTrace:
    """One picture through the random model, clustered by itself."""
    config = replace(model.config, name="tiny", sha256="abc", labels=tuple("abcde"))
    model.config = config
    intensity, variation = (values[0] for values in patch_statistics(specs[:1]))
    return ClipTrace(
        name="noise",
        model=model,
        samples=np.zeros(16_000, np.float32),
        start=1.5,
        real_frames=98,
        spec=specs[0],
        intensity=intensity,
        variation=variation,
        scores=torch.zeros(12, PATCHES),
        padding=torch.zeros(PATCHES, dtype=torch.bool),
        dataset_clusters=None,
        clusters=None,
        measured=None,
    )


@pytest.fixture
def shown(trace, monkeypatch) -> Shown:
    choice = ModelChoice("tiny", "tiny")
    monkeypatch.setattr(removal_tab, "cached_model", lambda chosen: {choice: trace.model}[chosen])
    return removal_tab.show(trace, choice)


def encode_mask(mask: torch.Tensor) -> str:
    """(patches,) bool as the browser sends it: a bit for each patch, the first in the lowest bit."""
    return base64.b64encode(np.packbits(mask.numpy(), bitorder="little").tobytes()).decode()


def question(shown: Shown, mask: torch.Tensor, blocks: list[int], draws: list[int] | None = None) -> dict:
    return {"id": 7, "stamp": shown.stamp, "mask": encode_mask(mask), "blocks": blocks, "draws": draws or []}


def test_masks_survive_their_encoding(ragged):
    for mask in ragged:
        assert torch.equal(decode_mask(encode_mask(mask), PATCHES)[0], mask)
    one = torch.zeros(PATCHES, dtype=torch.bool)
    one[9] = True
    assert base64.b64decode(encode_mask(one)) == bytes([0, 2, 0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize(
    "text",
    [
        None,
        5,
        ["AAAAAAAAAAA="],
        "",
        "AAAA",  # too short
        "AAAAAAAAAAAAAAAA",  # too long
        "AAAAAAAAAAA",  # padding is missing
        "AAAA*AAAAAA=",
        "käse",
        "A" * 100_000,
    ],
)
def test_bad_masks_are_one_sentence(text):
    with pytest.raises(InputError, match="expected base64 of 8 bytes") as caught:
        decode_mask(text, PATCHES)
    assert len(str(caught.value)) < 200


def test_bits_beyond_the_last_patch_are_refused():
    assert decode_mask(base64.b64encode(bytes([0b111])).decode(), 3).all()
    with pytest.raises(InputError, match="unusable"):
        decode_mask(base64.b64encode(bytes([0b1111])).decode(), 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blocks": []}, "at least one from 1 to 11"),
        ({"blocks": [0]}, "from 1 to 11"),
        ({"blocks": [12]}, "from 1 to 11"),
        ({"blocks": [3, 2]}, "ascending"),
        ({"blocks": [2, 2]}, "ascending"),
        ({"blocks": [2.0]}, "whole numbers"),
        ({"blocks": [True]}, "whole numbers"),
        ({"blocks": "5"}, "whole numbers"),
        ({"blocks": None}, "null"),
        ({"blocks": list(range(1, 1000))}, "from 1 to 11"),
        ({"draws": [8]}, "from 0 to 7"),
        ({"draws": [-1]}, "from 0 to 7"),
        ({"draws": {"0": 1}}, "draws"),
        ({"mask": "AAAA"}, "8 bytes"),
    ],
)
def test_bad_questions_are_one_sentence(shown, change, message):
    good = question(shown, torch.ones(PATCHES, dtype=torch.bool), [5])
    assert read_question(good, tiny_config("ast")).blocks == (5,)
    reply = removal_tab.respond(shown, {**good, **change})
    assert message in reply["problem"]
    assert reply["id"] == 7
    assert "\n" not in reply["problem"]
    assert len(reply["problem"]) < 200


@pytest.mark.parametrize("question", [None, "text", [1], {}, {"stamp": "another clip"}])
def test_questions_about_another_clip_are_stale(shown, question):
    assert removal_tab.respond(shown, question)["stale"] is True
    assert "forgotten" in removal_tab.respond(None, question)["problem"]


def test_an_unforeseen_failure_is_one_sentence(shown, monkeypatch):
    monkeypatch.setattr(removal_tab, "removal_curve", lambda *_: 1 / 0)
    reply = removal_tab.respond(shown, question(shown, torch.ones(PATCHES, dtype=torch.bool), [5]))
    assert reply == {"id": 7, "problem": "The answer could not be computed; the app's log says why."}


def test_answers_are_the_library_s(shown, trace, ragged):
    model, spec = trace.model, trace.spec[None]
    reply = removal_tab.respond(shown, question(shown, ragged[1], [3, 8]))
    json.dumps(reply, allow_nan=False)
    with torch.inference_mode():
        before = model(spec).logits.softmax(-1)[0]
        for block, answer in zip([3, 8], reply["answers"], strict=True):
            after = model(spec, removal=(block, ragged[1:2])).logits.softmax(-1)[0]
            assert answer["answer"] == "abcde"[after.argmax()]
            assert answer["probability"] == pytest.approx(float(after.max()), abs=1e-4)
            assert answer["kept"] == pytest.approx(float(after[before.argmax()]), abs=1e-4)
            assert answer["stays"] == bool(after.argmax() == before.argmax())
            assert answer["left"] == 34
            message = {label: (b, a) for label, b, a in answer["rows"]}
            assert set(message) == set("abcde")
            for i, label in enumerate("abcde"):
                assert message[label] == pytest.approx((float(before[i]), float(after[i])), abs=1e-4)


def test_draws_are_the_library_s_and_as_large_as_the_marks(shown, trace, ragged):
    model, spec = trace.model, trace.spec[None]
    reply = removal_tab.respond(shown, question(shown, ragged[2], [2, 11], [0, 3, 7]))
    masks = draw_masks(ragged[2:], [0, 3, 7])
    assert masks.sum(1).tolist() == [55, 55, 55]
    assert len({tuple(mask.tolist()) for mask in masks}) == 3
    with torch.inference_mode():
        best = model(spec).logits.argmax()
        for i, block in enumerate([2, 11]):
            for j in range(3):
                after = model(spec, removal=(block, masks[j : j + 1])).logits.softmax(-1)[0]
                assert reply["values"][i][j] == pytest.approx(float(after[best]), abs=1e-4)
                assert reply["stays"][i][j] == bool(after.argmax() == best)


def test_one_patch_more_is_the_same_draw_with_one_more():
    masks = torch.arange(PATCHES) < torch.arange(PATCHES)[:, None]  # row n marks n patches
    for draw in (0, 5):
        for less, more in pairwise(masks):
            small, large = draw_masks(less[None], [draw]), draw_masks(more[None], [draw])
            assert int((large & ~small).sum()) == 1
            assert not (small & ~large).any()


def test_a_multilabel_model_answers_in_sigmoids(shown, trace, ragged):
    trace.model.config = replace(trace.model.config, multilabel=True)
    state = removal_tab.show(trace, shown.choice)
    with torch.inference_mode():
        expected = trace.model(trace.spec[None]).logits.sigmoid()[0].numpy()
    assert np.allclose(state.before, expected)
    reply = removal_tab.respond(state, question(state, ragged[0], [5]))
    assert all(0 <= value <= 1 for _, *values in reply["answers"][0]["rows"] for value in values)


def test_payload_is_plain_json_with_everything_to_mark_by(shown, trace):
    payload = removal_tab.board_payload(trace, shown)
    assert len(json.dumps(payload, allow_nan=False)) < 60_000
    assert payload["groups"] == {name: list(members) for name, members in GROUPS.items()}
    for statistic in ("intensity", "variation"):
        sent = payload["clusters"][statistic]
        ids = np.frombuffer(base64.b64decode(sent["ids"]), np.uint8)
        assert ids.tolist() == trace.clustered(statistic)[0].tolist()
        assert sent["own"] is True
        # A higher cluster means a higher statistic, patch by patch.
        order = trace.statistic(statistic).argsort().tolist()
        assert (np.diff(ids[order]) >= 0).all()
    shares = [share for _, share in payload["before"]["rows"]]
    assert shares == sorted(shares, reverse=True)
    assert payload["before"]["answer"] == payload["before"]["rows"][0][0]
    assert payload["measured"] is None
    assert payload["published"] is None


def test_the_same_clip_and_model_get_the_same_stamp(shown, trace):
    assert removal_tab.show(trace, shown.choice).stamp == shown.stamp
    louder = replace(trace, spec=trace.spec + 1)
    assert removal_tab.show(louder, shown.choice).stamp != shown.stamp
    other = ModelChoice("other", "other")
    assert removal_tab.show(trace, other).stamp != shown.stamp


def test_silence_can_be_painted_though_not_clustered(shown, trace):
    silent = torch.zeros_like(trace.spec)
    flat = torch.zeros(PATCHES)
    silence = replace(trace, spec=silent, intensity=flat, variation=flat)
    payload = removal_tab.board_payload(silence, shown)
    assert payload["clusters"]["intensity"]["ids"] is None
    assert payload["clusters"]["intensity"]["problem"]


def test_a_model_without_classes_is_refused(trace):
    trace.model.config = replace(trace.model.config, classes=0, labels=())
    with pytest.raises(InputError, match="pre-trained only"):
        removal_tab.show(trace, ModelChoice("tiny", "tiny"))


CELL = {"value": 0.9, "ci95": [0.88, 0.92]}
GROUP = {"removed_share": 0.4, "values": [CELL] * 11, "random": [CELL] * 11}
REMOVAL = {"blocks": list(BLOCKS), "unpruned": CELL, "intensity": {"L": GROUP, "H": GROUP}}


def test_measured_removal_is_handed_on_with_its_provenance(trace):
    about = {"task": "tones", "split": "test", "metric": "top-1 accuracy", "n": 100, "date": "2026-01-01"}
    measured = {**about, "commit": "c", "weights_sha256": "abc" * 9, "removal": REMOVAL}
    message = removal_tab.measured_removal(replace(trace, measured=measured))
    assert message == {**about, "commit": "c", "weights": "abcabcabcabc", **REMOVAL}
    assert removal_tab.measured_removal(replace(trace, measured={**about, "weights_sha256": "abc"})) is None


@pytest.mark.parametrize(
    ("name", "family", "dataset", "same", "low_first"),
    [
        ("ast-esc50", "ast", "ESC-50", True, 0.8856),
        ("audiomae-spc12", "audiomae", "SPC-2", False, 0.9743),
        ("audiomae-speaker34", "audiomae", "VoxCeleb-1", False, 0.9439),
    ],
)
def test_published_removals_of_the_task_beside_it(name, family, dataset, same, low_first):
    config = replace(tiny_config(family), name=name)
    published = removal_tab.published_removal(config)
    assert (published["dataset"], published["same_task"]) == (dataset, same)
    assert published["L"][0] == [1, pytest.approx(low_first)]
    assert [block for block, _ in published["H"]] == [1, 3, 5, 7, 9, 11]


@pytest.mark.parametrize("name", ["ast-speaker34", "mine.pth", ""])
def test_no_published_removal_for_other_models(name):
    assert removal_tab.published_removal(replace(tiny_config("ast"), name=name)) is None
