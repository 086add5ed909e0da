"""Arguments of the library: with a clear meaning they get an answer, else one sentence."""

import copy

import numpy as np
import pytest
import torch

from tests.conftest import tiny_config
from tests.signal.audio_files import refusal
from tpexplore import (
    clip_from_array,
    count_macs,
    explore,
    explore_windows,
    export,
    load_audio,
    load_model,
    pack,
)
from tpexplore.checkpoints.bundled import example_clips
from tpexplore.errors import InputError
from tpexplore.model.vit import AudioViT
from tpexplore.study.own_data import AccuracyCurve
from tpexplore.study.removal import removal_curve
from tpexplore.study.stability import stability
from tpexplore.study.sweep import explore_batch

EXAMPLE = example_clips()[0].path
CLIP = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
MASK = torch.zeros(1, 64, dtype=torch.bool)


@pytest.fixture(scope="module")
def model() -> AudioViT:
    torch.manual_seed(0)
    return AudioViT(tiny_config("ast", classes=6)).eval()


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_lists_arrays_and_tensors_of_numbers_are_alike(model, kind):
    spec = model.spectrogram(CLIP)[None]
    with torch.inference_mode():
        expected = model(spec, keep_rate=(0.9, 0.7, 0.5), blocks=(3, 6, 9))
        out = model(spec, keep_rate=kind([0.9, 0.7, 0.5]), blocks=kind([3, 6, 9]))
    assert out.logits.equal(expected.logits)
    explored = explore(model, CLIP, keep_rates=kind([0.5, 1.0]), blocks=kind([3, 6]))
    assert [point.keep_rate for point in explored.points["attention"]] == [0.5, 1.0]
    sizes = {"dim": 64, "depth": 12, "tokens": 64, "prefix": 2, "classes": 6}
    assert count_macs(**sizes, keep_rate=0.5, blocks=kind([3, 6])) == model.config.macs(0.5, (3, 6))


class Shapeless:
    """An array of pieces of several lengths, such as PyTorch's nested tensors."""

    __array__ = None

    @property
    def shape(self):
        raise RuntimeError


ABSURD = [
    *(None, "x" * 5000, b"x", 10**5000, [[1], [2]], {}, object(), np.zeros((2, 3)), np.array(["a"])),
    *(torch.zeros(1, 64), torch.eye(3).to_sparse(), Shapeless()),
]
"""Values that no argument has; some are long in print, and some cannot be printed or have no shape."""
CALLS = {
    "trace": lambda model, value: model(torch.zeros(1, 128, 128), trace=value),
    "blocks": lambda model, value: model(torch.zeros(1, 128, 128), keep_rate=0.5, blocks=value),
    "keep_rate": lambda model, value: model(torch.zeros(1, 128, 128), keep_rate=[value]),
    "score": lambda model, value: explore(model, CLIP, scores=[value]),
    "removal": lambda model, value: model(torch.zeros(1, 128, 128), removal=(value, MASK)),
    "batch": lambda model, value: next(explore_windows(model, "absent.wav", batch=[value])),
    "path": lambda model, value: export(model, [value], 0.5),
    "pad": lambda model, value: load_model("ast-spc12", pad=[value]),
    "frames": lambda model, value: load_model("ast-spc12", frames=[value]),
    "offset": lambda model, value: load_audio(EXAMPLE, offset=[value]),
    "rate": lambda model, value: clip_from_array(CLIP, [value]),
}


@pytest.mark.parametrize("value", ABSURD, ids=[type(value).__name__ for value in ABSURD])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_absurd_values_end_in_a_short_sentence(model, call, value):
    assert len(refusal(call, model, value)) < 300


@pytest.mark.parametrize("batch", [0, -1, 1.5])
def test_windows_in_batches_of_none_are_refused(model, batch):
    """It used to return no window at all, without a message."""
    assert "batch" in refusal(lambda: list(explore_windows(model, EXAMPLE, batch=batch)))


@pytest.mark.parametrize(
    "spec",
    [None, [[0.0]], np.zeros((1, 128, 128), np.float32), torch.zeros(1, 128, 128).to_sparse(),
     torch.zeros(1, 128, 128, device="meta"), torch.zeros(128, 128)],
    ids=["none", "list", "numpy", "sparse", "meta", "two axes"],
)  # fmt: skip
def test_what_is_no_spectrogram_is_refused(model, spec):
    refusal(model, spec, keep_rate=0.5)
    refusal(model, spec)


@pytest.mark.parametrize(
    "options",
    [
        {"keep_rate": 10**400},
        {"keep_rate": torch.empty((), device="meta")},
        {"keep_rate": np.full((3, 3), 0.5)},
        {"blocks": 4},
        {"blocks": "4"},
        {"blocks": np.array([4.5])},
        {"blocks": torch.empty(3, device="meta")},
        {"score": np.zeros((1, 64))},
        {"score": torch.zeros(1, 64)},
        {"method": np.array(["drop", "fuse"])},
        {"seed": "x"},
        {"seed": -1},
        {"seed": 1.5},
        {"seed": None},
        {"removal": 5},
        {"removal": (5,)},
        {"removal": (5, None)},
        {"removal": (5.5, MASK)},
        {"removal": ("5", MASK)},
        {"removal": (True, MASK)},
    ],
)
def test_options_of_a_pass_are_refused_in_one_sentence(model, options):
    refusal(model, torch.zeros(1, 128, 128), **options)


@pytest.mark.parametrize("seed", ["x", -1, 1.5, None, np.zeros(2)], ids=str)
def test_what_is_no_seed_is_refused(model, seed):
    assert "seed" in refusal(explore, model, CLIP, keep_rates=[0.5], scores=["random"], seed=seed)


def test_a_seed_above_the_limit_is_answered_with_the_limit(model):
    sentence = refusal(explore, model, CLIP, keep_rates=[0.5], scores=["random"], seed=2**63)
    assert f"from 0 to {2**63 - 1}" in sentence


@pytest.mark.parametrize(
    "wrap",
    [lambda model: None, lambda model: "ast-spc12", lambda model: model.vit, torch.nn.DataParallel, type],
    ids=["none", "a name", "timm's", "wrapped", "its class"],
)
def test_what_is_no_model_of_ours_is_refused(model, tmp_path, wrap):
    other = wrap(model)
    calls = {
        "explore": lambda: explore(other, CLIP),
        "explore_windows": lambda: next(explore_windows(other, "clip.wav")),
        "stability": lambda: stability(other, CLIP),
        "accuracy": lambda: AccuracyCurve.checked(other, ("attention",), (0.5,)),
        "pack": lambda: pack(other),
        "export": lambda: export(other, tmp_path / "model.pt2"),
    }
    for name, call in calls.items():
        assert "a model from load_model" in refusal(call), name


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_answer_that_is_no_number_is_refused(model, value):
    """From a training that diverged, or a type that is too narrow for the weights."""
    spoilt = copy.deepcopy(model)
    with torch.no_grad():
        spoilt.vit.blocks[5].attn.proj.bias[0] = value
    assert "answers NaN or infinity" in refusal(explore, spoilt, CLIP, keep_rates=[0.5])
    assert "answers NaN or infinity" in refusal(explore_batch, spoilt, [CLIP, CLIP], keep_rates=[0.5])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e30, -1e30])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
def test_a_spectrogram_of_values_that_mean_nothing_is_refused(model, value, kind):
    """The answer would be NaN, or come from NaN patches, which rank anywhere."""
    spec = model.spectrogram(CLIP)[None].to(kind)
    spec[0, 3, 4] = value
    calls = {
        "whole": {},
        "pruned": {"keep_rate": 0.5},
        "merged": {"keep_rate": 0.5, "method": "merge"},
        "traced": {"trace": True},
        "removal": {"removal": (1, MASK)},
    }
    for name, arguments in calls.items():
        assert "NaN, infinite or absurdly large" in refusal(model, spec, **arguments), name
    assert "NaN, infinite" in refusal(removal_curve, model, spec, {"all": MASK})
    assert len(model(spec[:0]).logits) == 0


@pytest.mark.parametrize("block", [np.int64(2), np.array(2), torch.tensor(2)], ids=type)
@pytest.mark.parametrize("change", ["reversed", "read-only"])
@pytest.mark.filterwarnings("error")
def test_a_removal_takes_whole_numbers_and_masks_of_any_kind(model, block, change):
    spec, ids = model.spectrogram(CLIP)[None], np.arange(64)[None]
    mask = (ids >= 40)[:, ::-1] if change == "reversed" else np.broadcast_to(ids[0] < 24, (1, 64))
    with torch.inference_mode():
        expected = model(spec, removal=(2, torch.from_numpy(ids < 24))).logits
        assert model(spec, removal=(block, mask)).logits.equal(expected)
        curves = removal_curve(model, spec, {"group": mask}, blocks=[block])
    torch.testing.assert_close(curves["group"][0], expected)


@pytest.mark.parametrize("value", [0.5, None, "0.5", torch.tensor(0.5)], ids=str)
def test_a_single_value_is_no_list(model, value):
    refusal(explore, model, CLIP, keep_rates=value)
    refusal(AccuracyCurve.checked, model, ("attention",), value)


def test_a_name_is_no_list_of_scores(model):
    assert "['attention']" in refusal(explore, model, CLIP, scores="attention")


@pytest.mark.parametrize("name", ["dim", "depth", "tokens", "prefix", "classes"])
@pytest.mark.parametrize("value", [-1, 1.5, float("nan"), "768", None, True])
def test_sizes_that_cannot_be_counted_are_refused(name, value):
    sizes = {"dim": 64, "depth": 12, "tokens": 64, "prefix": 2, "classes": 6} | {name: value}
    assert name in refusal(count_macs, **sizes, keep_rate=0.5)


def test_bytes_are_no_samples(model):
    """NumPy would read each byte as a sample."""
    for raw in (CLIP.tobytes(), bytearray(CLIP.tobytes())):
        refusal(clip_from_array, raw, 16_000)
        refusal(explore, model, raw)


def test_a_view_that_is_negated_later_is_read_negated():
    pairs = torch.view_as_complex(torch.stack([torch.tensor(CLIP), torch.tensor(CLIP)], 1))
    view = pairs.conj().imag
    assert view.is_neg()
    assert np.array_equal(clip_from_array(view, 16_000).samples, -CLIP)


def test_a_model_without_numbers_is_refused():
    with torch.device("meta"):
        model = AudioViT(tiny_config("ast", classes=6))
    with pytest.raises(InputError, match="meta"):
        explore(model, CLIP)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.half, torch.double])
def test_torchs_default_type_and_device_do_not_matter(model, dtype):
    """People set them for other models; filters in bfloat16 used to give values that were off by 1."""
    expected = model.spectrogram(CLIP)
    try:
        torch.set_default_dtype(dtype)
        with torch.device("meta"):
            spec = model.spectrogram(CLIP)
    finally:
        torch.set_default_dtype(torch.float32)
    assert spec.equal(expected)
