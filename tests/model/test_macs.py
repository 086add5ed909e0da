"""MAC counts against the paper's Table II and against what a forward pass really multiplies."""

import json
import math
from fractions import Fraction

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tpexplore import count_macs
from tpexplore.checkpoints.bundled import PUBLISHED_TABLES
from tpexplore.errors import InputError
from tpexplore.model.config import ModelConfig
from tpexplore.model.plan import SCORES, keep_plan, kept_count
from tpexplore.model.vit import AudioViT

RATES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)

# The paper's Table II, G MACs: dataset -> patches, classes, one value for each of RATES.
TABLE_II = {
    "SPC-2": (64, 35, (5.6, 4.9, 4.3, 3.7, 3.3, 2.8, 2.5)),
    "ESC-50": (256, 50, (23.1, 20.0, 17.3, 15.0, 13.1, 11.4, 10.0)),
    "AS-20K": (512, 527, (48.6, 41.8, 36.0, 31.1, 27.1, 23.7, 20.8)),
    "VoxCeleb-1": (512, 1251, (48.6, 41.8, 36.0, 31.1, 27.1, 23.7, 20.8)),
}

# The same conventions counted by another program (reference-facts §3), G to three places.
COUNTED_ELSEWHERE = {
    "SPC-2": (5.611, 4.933, 4.296, 3.719, 3.265, 2.810, 2.518),
    "ESC-50": (23.096, 20.010, 17.283, 15.008, 13.044, 11.361, 10.040),
    "AS-20K": (48.523, 41.755, 36.008, 31.187, 27.084, 23.638, 20.830),
}


def giga(dataset: str, rate: float, prefix: int = 1) -> float:
    patches, classes, _ = TABLE_II[dataset]
    count = count_macs(dim=768, depth=12, tokens=patches, prefix=prefix, classes=classes, keep_rate=rate)
    assert type(count) is int
    return count / 1e9


@pytest.mark.parametrize("dataset", TABLE_II)
def test_table_ii(dataset):
    for rate, published in zip(RATES, TABLE_II[dataset][2], strict=True):
        assert abs(giga(dataset, rate) - published) < 0.1, rate


def test_table_ii_mostly_to_its_last_digit():
    cells = [(d, r, p) for d in COUNTED_ELSEWHERE for r, p in zip(RATES, TABLE_II[d][2], strict=True)]
    within = [abs(giga(dataset, rate) - published) <= 0.05 for dataset, rate, published in cells]
    assert len(within) == 21 and sum(within) == 17


@pytest.mark.parametrize("dataset", COUNTED_ELSEWHERE)
def test_another_count(dataset):
    assert [round(giga(dataset, rate), 3) for rate in RATES] == list(COUNTED_ELSEWHERE[dataset])


def test_the_stored_table_is_the_papers():
    stored = json.loads(PUBLISHED_TABLES.read_text())["table2_gmacs"]
    assert tuple(stored["keep_rates"]) == RATES
    for dataset, (patches, _, published) in TABLE_II.items():
        assert stored["tokens"][dataset] == patches and tuple(stored["gmacs"][dataset]) == published


def test_ast_costs_its_second_prefix_token():
    assert 0.08 < giga("AS-20K", 1.0, prefix=2) - giga("AS-20K", 1.0) < 0.11


def multiplied(model: AudioViT, keep_rate, score: str, batch: int = 1, **pruning) -> int:
    """Multiply-accumulates that PyTorch performs, counted at its matrix products and convolutions."""
    spec = torch.randn(batch, model.config.frames, 128, generator=torch.Generator().manual_seed(0))
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), counter:
        model(spec, keep_rate, score, **pruning)
    flops = counter.get_total_flops()
    assert flops % 2 == 0
    return flops // 2


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("keep_rate", [1.0, 0.95, 0.7, 0.5, 0.3, 0.01])
@pytest.mark.parametrize("family", ["audiomae", "ast"])
def test_count_is_what_a_pass_multiplies(family, keep_rate, score):
    config = ModelConfig(family, 192, dim=128, depth=12, classes=11, mean=0.0, std=1.0)
    count = count_macs(dim=128, depth=12, tokens=96, prefix=config.prefix, classes=11, keep_rate=keep_rate)
    extra = 0
    if family == "ast" and score == "attention" and keep_rate < 1:
        # Reading the score beside fused attention repeats one query row in each of the pruning blocks.
        present = [96]
        for _ in range(2):
            present.append(math.ceil(keep_rate * present[-1]))
        extra = sum(128 * (2 + n) for n in present)
        assert extra < 0.01 * count
    model = AudioViT(config).eval()
    assert multiplied(model, keep_rate, score) == count + extra
    if keep_rate == 0.7:
        assert multiplied(model, keep_rate, score, batch=3) == 3 * (count + extra)


@pytest.mark.parametrize("method", ["fuse", "merge"])
@pytest.mark.parametrize(
    ("blocks", "keep_rate"),
    [((4, 7, 10), 0.7), ((4, 7, 10), 0.3), ((2, 11, 12), (0.9, 0.1, 0.5)), ((5, 6), (1.0, 0.4))],
)
@pytest.mark.parametrize("family", ["audiomae", "ast"])
def test_fusing_and_merging_count_what_they_multiply(family, blocks, keep_rate, method):
    config = ModelConfig(family, 192, dim=128, depth=12, classes=11, mean=0.0, std=1.0)
    count = config.macs(keep_rate, blocks, method)
    assert count > config.macs(keep_rate, blocks, "drop")
    score = "attention" if method == "merge" else "intensity"
    pruning = {"blocks": blocks, "method": method}
    assert multiplied(AudioViT(config).eval(), keep_rate, score, **pruning) == count
    assert multiplied(AudioViT(config).eval(), keep_rate, score, batch=2, **pruning) == 2 * count


def test_extra_products_of_one_clip_are_few():
    """ViT-B at 0.7: the fused token and the search for pairs cost less than 1 %."""
    config = ModelConfig("ast", 1024, dim=768, depth=12, classes=527, mean=0.0, std=1.0)
    drop, fuse, merge = (config.macs(0.7, method=method) for method in ("drop", "fuse", "merge"))
    assert drop < merge < fuse < 1.01 * drop


@pytest.mark.parametrize("method", ["drop", "fuse", "merge"])
def test_methods_cost_the_same_where_nothing_is_pruned(method):
    config = ModelConfig("ast", 192, dim=128, depth=12, classes=11, mean=0.0, std=1.0)
    assert config.macs(1.0, (3,), method) == config.macs()


def test_count_at_another_depth():
    config = ModelConfig("audiomae", 128, dim=64, depth=14, classes=3, mean=0.0, std=1.0)
    count = count_macs(dim=64, depth=14, tokens=64, prefix=1, classes=3, keep_rate=0.6)
    assert multiplied(AudioViT(config).eval(), 0.6, "attention") == count


@pytest.mark.parametrize("keep_rate", [0, -0.1, 1.5, math.nan, math.inf, "abc", None])
def test_keep_rate_out_of_range(keep_rate):
    with pytest.raises(InputError, match=r"^Keep-rate .*; expected .*above 0 and up to 1\.$") as caught:
        count_macs(dim=768, depth=12, tokens=512, prefix=1, classes=527, keep_rate=keep_rate)
    assert str(keep_rate) in str(caught.value)


# Patches after blocks 4, 7 and 10 as the published code counts them (reference-facts §3).
PUBLISHED_PLANS = {
    512: "461/415/374 410/328/263 359/252/177 308/185/111 256/128/64 205/82/33",
    256: "231/208/188 205/164/132 180/126/89 154/93/56 128/64/32 103/42/17",
    64: "58/53/48 52/42/34 45/32/23 39/24/15 32/16/8 26/11/5",
}


@pytest.mark.parametrize("patches", PUBLISHED_PLANS)
def test_keep_plan(patches):
    for rate, row in zip(RATES[1:], PUBLISHED_PLANS[patches].split(), strict=True):
        assert keep_plan(rate, patches) == dict(zip((4, 7, 10), map(int, row.split("/")), strict=True))
    assert keep_plan(1.0, patches) == {4: patches, 7: patches, 10: patches}


def test_keep_plan_of_other_blocks():
    assert keep_plan((0.9, 0.5), 64, (3, 6)) == {3: 58, 6: 29}
    assert keep_plan(0.5, 64, [1]) == {1: 32}


def test_blocks_and_methods_out_of_range():
    sizes = {"dim": 64, "depth": 12, "tokens": 64, "prefix": 1, "classes": 2, "keep_rate": 0.5}
    for change, words in (
        ({"blocks": (3, 13)}, "3, 13; expected ascending whole numbers from 1 to 12"),
        ({"blocks": "4,7"}, "pruning blocks are '4,7';"),
        ({"keep_rate": (0.5, 0.6)}, "2 keep-rates for 3 pruning blocks"),
        ({"method": "sum"}, "Method 'sum' is unknown"),
    ):
        with pytest.raises(InputError, match=words):
            count_macs(**sizes | change)


@pytest.mark.parametrize("number", [10**400, 10**7, -1, 1.5, "64", None, float("nan"), True])
@pytest.mark.parametrize("size", ["dim", "depth", "tokens", "prefix", "classes"])
def test_sizes_of_no_model_are_refused(size, number):
    """10**400 patches used to end in an OverflowError, and 10**400 blocks to be counted one by one."""
    sizes = {"dim": 64, "depth": 12, "tokens": 64, "prefix": 1, "classes": 2, "keep_rate": 0.5}
    with pytest.raises(InputError, match=rf"^{size} = .*; expected a whole number from [01] to 1000000\.$"):
        count_macs(**sizes | {size: number})


def test_binary_rounding_adds_no_patch():
    assert math.ceil(0.55 * 100) == 56 and kept_count(0.55, 100) == 55
    for hundredths in range(1, 101):
        for present in range(1, 513):
            exact = math.ceil(Fraction(hundredths, 100) * present)
            assert kept_count(hundredths / 100, present) == exact, (hundredths, present)
