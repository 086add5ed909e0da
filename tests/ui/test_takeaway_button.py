"""The button that hands out the ZIP: what it accepts from a browser, and what a person gets."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import ROOT
from tests.browser_support import choose
from tests.example_clips import WORD_QUERY, spoken_examples
from tests.ui.test_browser import write_sweep
from tpexplore.checkpoints.bundled import bundled_card, bundled_names, example_clips
from tpexplore.model.plan import PRUNE_BLOCKS
from tpexplore.ui import takeaway_button
from tpexplore.ui.choices import ModelChoice
from tpexplore.ui.takeaway_button import MAX_PICTURE_BYTES, Seen, respond

pytest_plugins = ["tests.browser_support"]

MODEL = "ast-spc12"
pytestmark = [
    pytest.mark.skipif(MODEL not in bundled_names(), reason="the model is not bundled"),
    pytest.mark.skipif(not example_clips(), reason="no example clip is bundled"),
]


def png(width: int = 3) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, 2), "red").save(out, "PNG")
    return out.getvalue()


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def seen() -> Seen:
    return Seen(str(spoken_examples()[0].path), ModelChoice("AST", MODEL), None)


def request_of(**changes) -> dict:
    """The request of the button on a page that shows the first example."""
    shown = {"clip": spoken_examples()[0].title, "model": MODEL, "start": 0}
    return {
        "id": 7,
        **shown,
        "score": "intensity",
        "keep_rate": 0.4,
        "pictures": {"picture": text(png())},
        **changes,
    }


def test_the_answer_is_the_view_of_the_request(seen):
    reply = json.loads(json.dumps(respond(seen, request_of())))
    assert set(reply) == {"id", "zip"}
    assert reply["id"] == 7
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(reply["zip"]))) as archive:
        names = ["result.json", "tokens.csv", "reproduce.py", "picture.png", spoken_examples()[0].path.name]
        assert archive.namelist() == names
        assert archive.read("picture.png") == png()
        result = json.loads(archive.read("result.json"))
    assert (result["settings"]["score"], result["settings"]["keep_rate"]) == ("intensity", 0.4)
    # The view, what its table needs, and the plain answer: not the whole sweep once more.
    rates = {
        score: [point["keep_rate"] for point in entry["points"]]
        for score, entry in result["exploration"]["scores"].items()
    }
    assert rates == {"attention": [0.4, 1.0], "intensity": [0.4, 1.0]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"score": "loudness"}, "'loudness' is unknown"),
        ({"score": ["attention"]}, "is unknown"),
        ({"keep_rate": 5}, "5 is out of range"),
        ({"keep_rate": None}, "None is not a number"),
        ({"clip": "another"}, "The clip or model has changed"),
        ({"model": "ast-esc50"}, "The clip or model has changed"),
        ({"start": 1.5}, "The clip or model has changed"),
        ({"pictures": None}, "pictures are unusable"),
        ({"pictures": {str(i): text(png()) for i in range(4)}}, "expected at most 3"),
        ({"pictures": {"a": 5}}, "'a' is too large"),
        ({"pictures": {"a": "A" * (MAX_PICTURE_BYTES * 4 // 3 + 4)}}, "'a' is too large"),
        ({"pictures": {"a": "no base64!"}}, "'a' is not a complete PNG"),
        ({"pictures": {"a": text(b"GIF89a" + png())}}, "'a' is not a complete PNG"),
        ({"pictures": {"a": text(png()[:-9])}}, "'a' is not a complete PNG"),
        ({"pictures": {"a": text(png() + b"#!/bin/sh")}}, "'a' is not a complete PNG"),
    ],
)
def test_what_is_wrong_comes_back_as_a_sentence(seen, changes, words):
    reply = respond(seen, request_of(**changes))
    assert set(reply) == {"id", "problem"}
    assert words in reply["problem"]
    assert reply["id"] == 7


def test_a_forgotten_clip_and_a_forged_question_have_a_sentence(seen, caplog):
    assert "choose it again" in respond(None, request_of())["problem"]
    assert respond(seen, "anything")["problem"]
    gone = Seen("/nowhere/clip.wav", seen.choice, None)
    assert "clip.wav" in respond(gone, request_of())["problem"]
    assert caplog.records == []


def test_the_unforeseen_goes_to_the_log(seen, monkeypatch, caplog):
    monkeypatch.setattr(takeaway_button, "explore", lambda *_, **__: 1 / 0)
    assert respond(seen, request_of())["problem"] == "The ZIP could not be made; the app's log says why."
    assert "ZeroDivisionError" in caplog.text


# -- as a person meets it, in headless Chromium


def take_away(visit) -> tuple[str, dict[str, bytes]]:
    """Press the button; returns the download's name and the ZIP's files."""
    with visit.page.expect_download(timeout=60_000) as event:
        visit.page.click(".tp-take")
    with zipfile.ZipFile(event.value.path()) as archive:
        assert archive.testzip() is None
        return event.value.suggested_filename, {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def lasting_desk(lasting_visit):
    return lasting_visit(WORD_QUERY)


@pytest.fixture
def desk(lasting_desk):
    """A page that other tests have used, with slider and score reset."""
    choose(lasting_desk, 0.5)
    return lasting_desk


@pytest.mark.browser
def test_a_person_takes_home_what_is_seen(desk, tmp_path):
    page = desk.page
    page.locator(".tp-score label:has(input[value=variation])").click()
    page.focus(".tp-rate-input")
    desk.press("ArrowLeft", times=3)
    # The page itself records the messages while the ZIP is made: polling would be too slow.
    page.evaluate(
        """() => {
            const button = document.querySelector('.tp-take');
            window.states = [];
            new MutationObserver(() => states.push([button.textContent, button.disabled]))
                .observe(button, { childList: true, attributes: true });
        }"""
    )
    name, files = take_away(desk)
    assert name == f"tpexplore-{spoken_examples()[0].path.stem}-{MODEL}-variation-35.zip"
    page.wait_for_selector(".tp-take:enabled")
    assert page.evaluate("states[0]") == ["Making the ZIP …", True]
    assert page.evaluate("states.at(-1)") == ["Take away (ZIP)", False]
    assert desk.text("[data-out=taken]") == "The ZIP is in your downloads."

    result = json.loads(files["result.json"])
    assert result["settings"] == {
        "clip": spoken_examples()[0].title,
        "start": 0.0,
        "model": MODEL,
        "weights_sha256": bundled_card(MODEL)["weights_sha256"],
        "frames": None,
        "keep_rate": 0.35,
        "score": "variation",
    }
    lines = list(csv.DictReader(io.StringIO(files["tokens.csv"].decode())))
    assert [int(line["patch"]) for line in lines] == list(range(64))
    gone = [int(line["dropped_by_block"]) or 99 for line in lines]
    assert [sum(by > block for by in gone) for block in PRUNE_BLOCKS] == desk.kept()
    picture = np.asarray(Image.open(io.BytesIO(files["picture.png"])).convert("RGB"))
    assert picture.shape[1] == round(661 * 6.25)  # 175 mm at 600 dpi
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 500
    with page.expect_download() as event:
        page.click("[aria-label=Download] [data-save=png]")
    assert Path(event.value.path()).read_bytes() == files["picture.png"]

    for file, content in files.items():
        (tmp_path / file).write_bytes(content)
    run = subprocess.run(
        [sys.executable, "reproduce.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert (run.returncode, run.stderr) == (0, "")
    for block, count in zip(PRUNE_BLOCKS, desk.kept(), strict=True):
        assert f"block {block}: {count} of {count} kept patches are the recorded ones" in run.stdout
    assert desk.errors == []


@pytest.mark.browser
def test_a_clip_of_one_s_own_stays_at_home_also_when_another_choice_failed(desk, tmp_path):
    desk.upload(write_sweep(tmp_path / "my sweep.wav", seconds=4))
    desk.wait_for_clip("my sweep.wav")
    bad = tmp_path / "notes.wav"
    bad.write_text("not audio at all")
    desk.upload(bad)
    desk.page.wait_for_selector("#status .message:not(:empty)")
    # The viewer still shows the sweep, and so does the ZIP.
    name, files = take_away(desk)
    assert name == f"tpexplore-my-sweep-{MODEL}-attention-50.zip"
    assert list(files) == ["result.json", "tokens.csv", "reproduce.py", "picture.png"]
    settings = json.loads(files["result.json"])["settings"]
    assert settings["clip"] == "my sweep.wav"
    assert f"({settings['start']:.2f} to " in desk.text(".tp-clip")
    # Nothing of it is left where others could ask for it.
    assert desk.page.evaluate("document.querySelector('.tp-take').disabled") is False
    assert not [url for url in desk.requests if ".zip" in url]


@pytest.mark.browser
def test_without_an_answer_the_button_comes_back(windows, app_url):
    from tests.browser_support import skip_tour

    with windows.page(app_url) as page:
        skip_tour(page)
        page.clock.install()
        page.goto(app_url)
        page.wait_for_selector(".tp-kept li", timeout=30_000)
        page.route(
            "**/queue/join**", lambda route: route.fulfill(status=503, json={"detail": "Queue is full."})
        )
        page.focus(".tp-take")
        with page.expect_request("**/queue/join**"):
            page.keyboard.press("Enter")
            page.wait_for_selector(".tp-take:disabled")
        page.clock.fast_forward(91_000)
        page.wait_for_selector(".tp-take:enabled")
        assert "has not answered" in page.inner_text("[data-out=taken]")
        assert page.evaluate("document.activeElement.className") == "tp-button tp-take"
