"""Other blocks, and a keep-rate for each, in the page: what is read, sent and handed out in the ZIP."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import numpy as np
import pytest
import soundfile

from tpexplore.errors import InputError
from tpexplore.model.plan import keep_plan
from tpexplore.model.vit import AudioViT
from tpexplore.study.sweep import explore
from tpexplore.ui import takeaway_button
from tpexplore.ui.analysis import analyse_clip
from tpexplore.ui.choices import ModelChoice
from tpexplore.ui.payload import one_rate
from tpexplore.ui.plan_text import PruningPlan, read_plan
from tpexplore.ui.tabs import explore as tab
from tpexplore.ui.takeaway_button import Seen

CHOICE = ModelChoice("own", "own")
RATES = (0.9, 0.7, 0.5)


@pytest.fixture
def path(model_of_every_choice, clip: np.ndarray, tmp_path):
    """A clip in a file, and the tiny model instead of every choice."""
    soundfile.write(tmp_path / "noise.wav", clip, 16_000, subtype="FLOAT")
    return tmp_path / "noise.wav"


def test_texts_that_name_a_plan():
    assert read_plan("", "") == read_plan(None, None) == PruningPlan() and PruningPlan().is_papers
    assert read_plan("3, 6,9", "0.9,.7,0.5", 12) == PruningPlan((3, 6, 9), RATES)
    assert read_plan("5", "", 12) == PruningPlan((5,))
    assert read_plan("2,4,6,8,10,12", "", 12).blocks == (2, 4, 6, 8, 10, 12)
    assert PruningPlan((3, 6, 9), RATES).keep_rate(0.7) == RATES
    assert PruningPlan((3, 6), (0.9, 0.5)).sweep == ((0.9, 0.5), 1.0)
    assert [PruningPlan(rates=rates).keep_rate(rate) for rates, rate in ((RATES, 1.0), ((), 0.7))] == [1, 0.7]


@pytest.mark.parametrize(
    ("blocks", "rates", "part"),
    [
        ("3,6", "0.9", "1 keep-rate for 2 pruning blocks"),
        ("9,6,3", "", "expected ascending whole numbers from 1 to 12"),
        ("3,6,13", "", "from 1 to 12"),
        ("3,6,9.5", "", "expected whole numbers with commas"),
        ("a" * 200, "", "'aaa"),
        (["3"], "", "expected whole numbers"),
        ("", "0.9,0.7", "2 keep-rates for 3 pruning blocks"),
        ("", "0.9,0.7,0", "Keep-rate 0"),
        ("", "1,1.0,1", "All keep-rates are 1"),
        ("", "1..2,1,1", "expected numbers with commas"),
    ],
)
def test_what_is_no_plan(blocks, rates, part):
    with pytest.raises(InputError) as caught:
        read_plan(blocks, rates, 12)
    assert part in str(caught.value) and len(str(caught.value)) < 140


def merged(messages) -> tuple[dict, dict[str, list[dict]]]:
    """The first message, and every score's parts."""
    first, *later = messages
    parts: dict[str, list[dict]] = {}
    for message in (first, *later):
        for score, part in message["scores"].items():
            parts.setdefault(score, []).append(part)
    return first, parts


@pytest.mark.parametrize(
    ("blocks", "rates"),
    [
        ((3, 6, 9), RATES),
        ((5,), (0.7,)),
        ((2, 12), (0.9, 0.5)),
        ((1, 2, 3, 4, 5), (0.9, 1.0, 0.8, 0.3, 0.5)),
    ],
)
@pytest.mark.parametrize("method", ["drop", "merge"])
def test_the_page_gets_what_the_library_computes(path, model, clip, blocks, rates, method):
    place = one_rate(rates)
    plan = PruningPlan(blocks, rates)
    first, parts = merged(analyse_clip(path, CHOICE, keep_rate=0.7, plan=plan, method=method))
    assert (first["blocks"], first["own_rates"], first["rates"]) == ([*blocks], [*rates], [place, 1.0])
    assert first["measured"] is None and one_rate(RATES) == 0.7
    truth = explore(model, clip, keep_rates=[rates], blocks=blocks, method=method)
    assert set(parts) == set(truth.points)
    for score, of in parts.items():
        (point,) = truth.points[score]
        assert sorted(rate for part in of for rate in part["rates"]) == [place, 1.0]
        part = next(part for part in of if place in part["rates"])
        index = part["rates"].index(place)
        sent = part["points"][index]
        assert sent["macs"] == point.macs == model.config.macs(rates, blocks, method)
        assert sent["kept"] == [*keep_plan(rates, 64, blocks).values()]
        fates = np.frombuffer(base64.b64decode(part["drop"]), np.uint8).reshape(-1, 64)[index]
        for block in blocks:
            assert set(np.flatnonzero((fates == 0) | (fates > block))) == set(point.kept[block].tolist())
        if score == "attention" and method == "drop":
            row = np.frombuffer(base64.b64decode(part["attention"]), "<f4")
            present = [64, *sent["kept"][:-1]]
            expected = [
                point.scores.get(block, np.full(n, np.nan)) for block, n in zip(blocks, present, strict=True)
            ]
            np.testing.assert_array_equal(row, np.concatenate(expected))


def zip_request(model: AudioViT, blocks: str, rates: str = "") -> dict:
    """The page's request when somebody downloads a ZIP."""
    return {
        "clip": "noise.wav",
        "model": model.config.name,
        "start": 0.0,
        "pictures": {},
        "score": "attention",
        "keep_rate": 0.7,
        "blocks": blocks,
        "rates": rates,
    }


@pytest.mark.parametrize("blocks", [(6,), (2, 4, 6, 8, 10, 12)])
def test_a_zip_of_any_number_of_blocks(path, model, blocks):
    request = zip_request(model, ",".join(map(str, blocks)))
    archive = zipfile.ZipFile(io.BytesIO(takeaway_button.make_zip(Seen(str(path), CHOICE, None), request)))
    assert json.loads(archive.read("result.json"))["settings"]["blocks"] == [*blocks]
    assert f"blocks={blocks!r}" in archive.read("reproduce.py").decode()
    head = archive.read("tokens.csv").decode().splitlines()[0]
    assert ",".join(f"attention_rank_{block}" for block in blocks) in head


def test_a_request_of_the_page_and_its_zip(path, model):
    *_, (_, seen) = tab.refresh(str(path), CHOICE, None, "attention", 0.5, "drop", "", "2,5,8", "0.9,0.7,0.5")
    assert seen == Seen(str(path), CHOICE, None)
    with pytest.raises(InputError, match="from 1 to 12"):
        next(tab.refresh(str(path), CHOICE, None, "attention", 0.5, "drop", "", "2,5,13", ""))
    request = zip_request(model, "2,5,8", "0.9,0.7,0.5")
    archive = zipfile.ZipFile(io.BytesIO(takeaway_button.make_zip(seen, request)))
    settings = json.loads(archive.read("result.json"))["settings"]
    assert (settings["keep_rate"], settings["blocks"]) == ([*RATES], [2, 5, 8])
    script = archive.read("reproduce.py").decode()
    assert "keep_rates=[(0.9, 0.7, 0.5)]" in script and "blocks=(2, 5, 8)" in script
    assert "attention_rank_2" in archive.read("tokens.csv").decode()
