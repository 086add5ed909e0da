"""The Long recording and Live tabs in headless Chromium, on one page: what is seen, saved and left behind."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.browser_support import click_tab
from tests.ui.test_axe import complaints
from tpexplore.checkpoints.bundled import bundled_names, example_clips
from tpexplore.study.window_table import COLUMNS

pytest_plugins = ["tests.browser_support"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not bundled_names(), reason="no model is bundled"),
    pytest.mark.skipif(not example_clips(), reason="no example clip is bundled"),
]

PATIENCE = 120_000
UPDATES = 4
# Remembers the tracks of every microphone that the page opens.
WATCH_TRACKS = """() => {
    globalThis.tracks = [];
    const devices = navigator.mediaDevices;
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
        const stream = await open(constraints);
        globalThis.tracks.push(...stream.getTracks());
        return stream;
    };
}"""


def wait_for(page, condition: str, arg=None) -> None:
    page.wait_for_function(condition, arg=arg, timeout=PATIENCE)


def listen(page) -> None:
    """Start the microphone and wait until some pictures have come."""
    before = int(page.get_attribute(".tv", "data-updates") or 0)
    page.click(".tv-go")
    wait_for(page, "n => Number(document.querySelector('.tv').dataset.updates) >= n", before + UPDATES)


def wait_until_stopped(page) -> None:
    wait_for(page, "document.querySelector('.tv').dataset.state === 'off'")
    wait_for(page, "document.querySelector('.tv').dataset.gone === 'true'")
    assert page.evaluate("tracks.map(track => track.readyState)") == ["ended"] * page.evaluate(
        "tracks.length"
    )


def test_long_recording_and_live(visit, tmp_path):
    visited = visit("?example=one-five-zero&model=ast-spc12", reduced_motion="reduce")
    page = visited.page
    page.evaluate(WATCH_TRACKS)

    # A recording of few windows is analysed without a click.
    click_tab(page, "long")
    page.wait_for_selector(".tl[data-state=finished]", timeout=PATIENCE)
    assert page.get_attribute(".tl", "data-done") == page.get_attribute(".tl", "data-total") == "3"
    assert "3 windows" in visited.text(".tl-summary")
    assert complaints(page, "#left") == []
    with page.expect_download() as download:
        page.click("[data-do=csv]")
    download.value.save_as(tmp_path / "windows.csv")
    with Path(tmp_path / "windows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["unpruned_answer"] for row in rows] == ["one", "five", "zero"]
    with page.expect_download() as download:
        page.click("[data-do=labels]")
    download.value.save_as(tmp_path / "labels.txt")
    labels = (tmp_path / "labels.txt").read_text().splitlines()
    assert [line.split("\t")[2].split(";")[0] for line in labels] == ["one", "five", "zero"]

    # A window opens in Explore, by the keyboard as by a click.
    page.focus(".tl-strip")
    visited.press("End")
    start = float(rows[2]["start_s"])
    assert "zero" in visited.text(".tl-reading")
    visited.press("Enter")
    page.wait_for_selector("#explore-tab-button[aria-selected=true]", timeout=PATIENCE)
    wait_for(page, "start => document.querySelector('.tp-clip').textContent.includes(start)", f"{start:.2f}")
    wait_for(page, "!location.search.includes('tab=') && location.search.includes('start=')")

    # A microphone that beeps.
    click_tab(page, "live")
    page.wait_for_selector(".tv-body:not([hidden])", timeout=PATIENCE)
    listen(page)
    assert visited.text(".tv-headline").strip()
    assert "updates a second" in visited.text(".tv-state")
    assert "kept (" in visited.text(".tv-legend")
    assert page.eval_on_selector(
        ".tv-picture", "c => c.getContext('2d').getImageData(80, 80, 40, 40).data.some(Boolean)"
    )
    page.click(".tv-go")
    wait_until_stopped(page)
    assert complaints(page, "#left") == []
    page.evaluate("delete document.querySelector('.tv').dataset.gone")
    listen(page)
    click_tab(page, "explore")  # leaving the tab stops it
    wait_until_stopped(page)
    assert page.evaluate("tracks.length") == 2

    # A microphone that cannot be used is one sentence.
    click_tab(page, "live")
    for name, words in {"NotAllowedError": "address bar", "NotFoundError": "There is no microphone"}.items():
        page.evaluate(
            """name => {
                navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name));
            }""",
            name,
        )
        page.click(".tv-go")
        wait_for(page, "words => document.querySelector('.tv-alert').textContent.includes(words)", words)
        assert page.get_attribute(".tv", "data-state") == "off"
    assert visited.errors == [] and visited.foreign_requests() == []
