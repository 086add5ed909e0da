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
    """A clip in a file, and the tiny model in the place of every choice."""
    soundfile.write(tmp_path / "noise.wav", clip, 16_000, subtype="FLOAT")
    return tmp_path / "noise.wav"


def test_texts_that_name_a_plan():
    assert read_plan("", "") == read_plan(None, None) == PruningPlan() and PruningPlan().is_papers
    assert read_plan("3, 6,9", "0.9,.7,0.5", 12) == PruningPlan((3, 6, 9), RATES)
    assert PruningPlan((3, 6, 9), RATES).keep_rate(0.7) == RATES
    assert [PruningPlan(rates=rates).keep_rate(rate) for rates, rate in ((RATES, 1.0), ((), 0.7))] == [1, 0.7]


@pytest.mark.parametrize(
    ("blocks", "rates", "part"),
    [
        ("3,6", "", "2 blocks are named; the page shows 3"),
        ("9,6,3", "", "expected ascending whole numbers from 1 to 12"),
        ("3,6,13", "", "from 1 to 12"),
        ("3,6,9.5", "", "expected whole numbers with commas"),
        ("a" * 200, "", "'aaa"),
        (["3"], "", "expected whole numbers"),
        ("", "0.9,0.7", "2 keep-rates for 3 pruning blocks"),
        ("", "0.9,0.7,0", "Keep-rate 0"),
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


def test_the_page_gets_what_the_library_computes(path, model, clip):
    plan = PruningPlan((3, 6, 9), RATES)
    first, parts = merged(analyse_clip(path, CHOICE, keep_rate=0.7, plan=plan))
    assert (first["blocks"], first["own_rates"], first["rates"]) == ([3, 6, 9], [*RATES], [0.7, 1.0])
    assert first["measured"] is None and one_rate(RATES) == 0.7
    truth = explore(model, clip, keep_rates=[RATES], blocks=(3, 6, 9))
    for score, of in parts.items():
        (point,) = truth.points[score]
        rates = [rate for part in of for rate in part["rates"]]
        assert sorted(rates) == [0.7, 1.0]
        sent = next(p for part in of for r, p in zip(part["rates"], part["points"], strict=True) if r == 0.7)
        assert sent["macs"] == point.macs == model.config.macs(RATES, (3, 6, 9))
        assert sent["kept"] == [len(ids) for ids in point.kept.values()] == [58, 41, 21]
        part = next(part for part in of if 0.7 in part["rates"])
        stages = np.frombuffer(base64.b64decode(part["drop"]), np.uint8).reshape(-1, 64)
        stages = stages[part["rates"].index(0.7)]
        for stage, block in zip((4, 7, 10), (3, 6, 9), strict=True):
            assert set(np.flatnonzero((stages == 0) | (stages > stage))) == set(point.kept[block].tolist())


def test_a_request_of_the_page_and_its_zip(path, model):
    *_, (_, seen) = tab.refresh(str(path), CHOICE, None, "attention", 0.5, "drop", "", "2,5,8", "0.9,0.7,0.5")
    assert seen == Seen(str(path), CHOICE, None)
    with pytest.raises(InputError, match="from 1 to 12"):
        next(tab.refresh(str(path), CHOICE, None, "attention", 0.5, "drop", "", "2,5,13", ""))
    asked = {
        "clip": "noise.wav",
        "model": model.config.name,
        "start": 0.0,
        "pictures": {},
        "score": "attention",
        "keep_rate": 0.7,
        "blocks": "2,5,8",
        "rates": "0.9,0.7,0.5",
    }
    archive = zipfile.ZipFile(io.BytesIO(takeaway_button.make_zip(seen, asked)))
    settings = json.loads(archive.read("result.json"))["settings"]
    assert (settings["keep_rate"], settings["blocks"]) == ([*RATES], [2, 5, 8])
    script = archive.read("reproduce.py").decode()
    assert "keep_rates=[(0.9, 0.7, 0.5)]" in script and "blocks=(2, 5, 8)" in script
    assert "attention_rank_2" in archive.read("tokens.csv").decode()
