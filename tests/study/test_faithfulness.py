"""Kept and removed parts heard alone, against each part resynthesised and run by itself."""

import dataclasses

import numpy as np
import pytest
import torch

from tests.signal.listening import resynthesise
from tpexplore.errors import InputError
from tpexplore.model.vit import AudioViT
from tpexplore.study.faithfulness import faithfulness, kept_maps, random_maps


@torch.inference_mode()
def test_each_part_is_that_of_a_pass_of_its_own(model, clip):
    maps = np.random.default_rng(0).random((3, 64)) < 0.4
    heard = faithfulness(model, clip, maps)
    whole = model(model.spectrogram(clip)[None]).logits.softmax(-1)[0]
    assert heard.answer == int(whole.argmax())
    for index, kept in enumerate(maps):
        for part, wave in zip((heard.kept, heard.removed), resynthesise(clip, kept, 128), strict=True):
            alone = model(model.spectrogram(wave)[None]).logits.softmax(-1)[0]
            assert part.answers[index] == int(alone.argmax())
            assert part.same_answer[index] == (alone.argmax() == whole.argmax())
            assert part.probability[index] == pytest.approx(float(alone.max()), abs=1e-4)
            drop = float(whole[heard.answer] - alone[heard.answer])
            assert part.confidence_drop[index] == pytest.approx(drop, abs=1e-4)


def test_all_kept_is_the_clip_itself_and_classes_restrict_the_answer(model, clip):
    everything = np.ones((1, 64), bool)
    heard = faithfulness(model, clip, everything)
    assert heard.kept.same_answer.all()
    assert heard.kept.confidence_drop == pytest.approx(0, abs=1e-5)
    others = [index for index in range(5) if index != heard.answer]
    assert faithfulness(model, clip, everything, others).answer in others


@pytest.mark.parametrize("method", ["drop", "fuse", "merge"])
def test_kept_patches_are_those_that_are_tokens_in_the_end(model, specs, method):
    out = model(specs, keep_rate=0.5, method=method)
    maps = kept_maps(out)
    for row, ids in zip(maps, out.kept[10].tolist(), strict=True):
        assert np.flatnonzero(row).tolist() == ids


def test_random_maps_keep_as_many_and_differ():
    kept = np.arange(64) < 9
    maps = random_maps(kept, 5)
    assert maps.shape == (5, 64) and (maps.sum(1) == 9).all()
    assert len(np.unique(maps, axis=0)) == 5
    assert np.array_equal(maps, random_maps(kept, 5))


def test_a_model_without_classes_is_refused(model, clip):
    bare = AudioViT(dataclasses.replace(model.config, classes=0, labels=())).eval()
    with pytest.raises(InputError, match="no classes"):
        faithfulness(bare, clip, np.ones((1, 64), bool))
