"""The model against timm, and pruning against a slow loop over single patches."""

import pytest
import torch

from tests.conftest import tiny_config
from tests.model.slow_pass import slow_pass, timm_twin, twin_logits
from tpexplore.errors import InputError
from tpexplore.model.plan import SCORES
from tpexplore.model.vit import AudioViT


@torch.inference_mode()
def test_unpruned_is_timm_to_the_last_bit(model, specs):
    tokens = timm_twin(model)
    expected = tokens.forward_features(specs[:, None])
    if model.config.family == "ast":  # timm's features have passed the final norm
        expected = model.head(expected[:, :2].mean(1))
    else:
        expected = tokens.forward_head(expected)
    out = model(specs)
    assert torch.equal(out.logits, expected)
    assert out.kept == {}


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("keep_rate", [0.9, 0.55, 0.3, 0.02])
def test_pruned_equals_slow_loop(model, specs, score, keep_rate):
    with torch.inference_mode():
        out = model(specs, keep_rate, score)
    for row, spec in enumerate(specs):
        logits, fates = slow_pass(model, spec, keep_rate, score)
        for block in (4, 7, 10):
            kept = [patch for patch, where in fates[block].items() if where == patch]
            assert out.kept[block][row].tolist() == kept
        torch.testing.assert_close(out.logits[row], logits, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_trace_gives_every_blocks_score_and_leaves_the_logits(model, specs):
    out = model(specs, trace=True)
    assert torch.equal(out.logits, model(specs).logits)
    assert out.scores.shape == (3, 12, 64)
    # Pruning at block 4 by a keep-rate must pick exactly the top of the traced scores of block 4.
    kept = model(specs, 0.5).kept[4]
    for row in range(3):
        expected = out.scores[row, 3].argsort(descending=True)[:32].sort().values
        assert torch.equal(kept[row], expected)
    if model.config.family == "audiomae":  # softmax columns over patch keys: at most 1 in sum
        assert (out.scores.sum(-1) <= 1 + 1e-5).all()


def test_what_was_made_under_inference_mode_can_be_used_outside(model, specs):
    with torch.inference_mode():
        made = specs * 1
    for way in ({"keep_rate": 0.5}, {"trace": True}, {"removal": (5, torch.zeros(3, 64, dtype=torch.bool))}):
        assert torch.equal(model(made, **way).logits, model(specs, **way).logits)


def test_sparse_masks_and_complex_spectrograms(model, specs):
    mask = torch.zeros(3, 64, dtype=torch.bool)
    mask[:, :9] = True
    sparse, plain = model(specs, removal=(5, mask.to_sparse())), model(specs, removal=(5, mask))
    assert torch.equal(sparse.logits, plain.logits)
    with pytest.raises(InputError, match=r"is of torch\.complex64; expected real numbers"):
        model(specs.to(torch.complex64))


@torch.inference_mode()
def test_passes_that_do_not_prune_leave_every_patch_its_own(model, specs):
    mask = torch.zeros(3, 64, dtype=torch.bool)
    for out in (model(specs), model(specs, trace=True), model(specs, removal=(5, mask))):
        assert out.fate.into.tolist() == list(range(64))


@torch.inference_mode()
def test_a_clip_does_not_depend_on_its_neighbours(model, specs):
    together = model(specs, 0.5)
    for row in range(3):
        alone = model(specs[row : row + 1], 0.5)
        torch.testing.assert_close(alone.logits[0], together.logits[row], rtol=1e-4, atol=1e-5)
        assert torch.equal(alone.kept[10][0], together.kept[10][row])


@torch.inference_mode()
def test_ties_keep_the_earlier_patch():
    torch.manual_seed(0)
    model = AudioViT(tiny_config("audiomae")).eval()
    out = model(torch.zeros(1, 128, 128), 0.5, "intensity")
    assert out.kept[4][0].tolist() == list(range(32))


@torch.inference_mode()
def test_removal_equals_leaving_the_tokens_out(model, specs):
    mask = torch.rand(3, 64, generator=torch.Generator().manual_seed(3)) < torch.tensor([[0.2], [0.5], [0.9]])
    out = model(specs, removal=(5, mask))
    assert out.remaining.tolist() == (~mask).sum(1).tolist()
    prefix = model.config.prefix
    for row in range(3):
        tokens = model.embed(specs[row : row + 1])
        for block in model.vit.blocks[:5]:
            tokens = block(tokens)
        stay = [True] * prefix + (~mask[row]).tolist()
        tokens = tokens[:, torch.tensor(stay)]
        for block in model.vit.blocks[5:]:
            tokens = block(tokens)
        torch.testing.assert_close(out.logits[row], twin_logits(model, tokens)[0], rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_removing_every_patch_keeps_none_and_stays_finite(model, specs):
    out = model(specs, removal=(3, torch.ones(3, 64, dtype=torch.bool)))
    assert out.remaining.tolist() == [0, 0, 0]
    assert out.logits.isfinite().all()


def test_gradients_flow_through_pruning(model, specs):
    model(specs, 0.3).logits.sum().backward()
    assert model.vit.patch_embed.proj.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("rate", [0, -0.1, 1.5, float("nan"), "abc", None])
def test_bad_keep_rates_are_named(model, specs, rate):
    with pytest.raises(InputError, match=str(rate)):
        model(specs, rate)


def test_labels_can_be_written():
    from tpexplore.model.config import ModelConfig

    config = ModelConfig("ast", 128, 64, 12, 2, 0, 1, labels=("B\u00e4r", "\ud800x"))
    assert config.labels == ("B\u00e4r", "?x")


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_nested_tensors_are_refused(model, specs):
    """They have no shape, and torch's own error asks users to report a bug."""
    nested = torch.nested.nested_tensor([specs[0], specs[0, :9]])
    with pytest.raises(InputError, match="expected an ordinary tensor"):
        model(nested)
    with pytest.raises(InputError, match="expected bools"):
        model(specs, removal=(5, nested))


def test_other_bad_arguments_are_named(model, specs):
    with pytest.raises(InputError, match="loudness"):
        model(specs, 0.5, "loudness")
    with pytest.raises(InputError, match=r"\(3, 96, 128\)"):
        model(specs[:, :96])
    with pytest.raises(InputError, match="block 12"):
        model(specs, removal=(12, torch.zeros(3, 64, dtype=torch.bool)))
    with pytest.raises(InputError, match="expected bool"):
        model(specs, removal=(5, torch.zeros(3, 64)))
    with pytest.raises(InputError, match="cannot be combined"):
        model(specs, 0.5, trace=True)


SIZES = ("frames", "dim", "depth", "classes", "mel_stride", "time_stride")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "bert"}, "bert"),
        ({"frames": 100}, "100"),
        ({"dim": 100}, "100"),
        ({"depth": 6}, "6 blocks"),
        ({"labels": ("a",)}, "1 labels"),
        *(({name: value}, f"{name} = ") for name in SIZES for value in (None, "x", 10**400, -1, 1.5, True)),
        ({"classes": 10**9}, "classes = 1000000000; expected a whole number from 0 to 1000000"),
        *(({"mean": value}, "mean = ") for value in (None, "x", float("nan"), 10**400)),
        *(({"std": value}, "std = .* above 0") for value in (0, -1, float("inf"))),
        ({"pad": "max"}, "pad = 'max'"),
        ({"labels": "abcde"}, "labels = 'abcde'"),
        ({"labels": (1, 2, 3, 4, 5)}, "labels = "),
        ({"family": ["ast"]}, "Family "),
    ],
)
def test_impossible_configurations_are_refused(change, message):
    values = {"family": "ast", "frames": 128, "dim": 64, "depth": 12, "classes": 5, "mean": 0, "std": 1}
    from tpexplore.model.config import ModelConfig

    with pytest.raises(InputError, match=message):
        ModelConfig(**{**values, **change})
