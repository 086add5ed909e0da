"""The app as a person meets it, in headless Chromium."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.browser_support import choose
from tests.pace import slowness
from tpexplore.checkpoints.bundled import bundled_names, example_clips
from tpexplore.model.plan import keep_plan

pytest_plugins = ["tests.browser_support"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not bundled_names(), reason="no model is bundled"),
    pytest.mark.skipif(not example_clips(), reason="no example clip is bundled"),
]

# Both on a machine of the usual pace, see `tests.pace`.
FIRST_PAINT_SECONDS = 3
REPAINT_MILLISECONDS = 50
MOST_LOADS = 10


def write_sweep(path: Path, seconds: float = 3.0, rate: int = 22_050) -> Path:
    """A rising tone that grows louder, as a wav file."""
    at = np.arange(int(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * (200 * at + 600 / seconds * at**2))
    soundfile.write(path, np.linspace(0.02, 0.6, len(at)) * tone, rate)
    return path


@pytest.fixture(scope="module")
def lasting_desk(lasting_visit):
    return lasting_visit()


@pytest.fixture
def desk(lasting_desk):
    """A page that other tests have used, with slider and score reset."""
    choose(lasting_desk, 0.5)
    lasting_desk.page.evaluate("performance.clearMeasures()")
    return lasting_desk


def test_opens_with_an_analysed_example(visit):
    took = []
    # From the click on a link to the picture, by the page's own clock; other work may slow it down.
    limit = FIRST_PAINT_SECONDS * slowness()
    while not took or (min(took) > limit and len(took) < MOST_LOADS):
        opened = visit()
        took.append(opened.page.evaluate("performance.now()") / 1000)
    assert min(took) < limit, took
    assert opened.text("[data-out=clip-name]") == example_clips()[0].title
    patches = int(re.search(r"of (\d+)", opened.text(".tp-kept li:first-child"))[1])
    assert opened.kept() == list(keep_plan(0.5, patches).values())
    assert len(opened.page.locator(".tp-top li").all()) >= 5
    opened.settle()
    assert opened.errors == []
    assert opened.foreign_requests() == []


def test_nothing_lies_over_the_first_picture(windows, app_url):
    with windows.page(app_url) as page:
        # The element that a click would hit in the frame in which the picture appears.
        page.add_init_script(
            """const look = () => {
                const box = document.querySelector('.tp-kept li') && document.querySelector('.tp-picture')
                    .getBoundingClientRect();
                if (!box) return requestAnimationFrame(look);
                const met = document.elementFromPoint(box.left + box.width / 2, box.top + 20);
                window.met = met.className;
            };
            requestAnimationFrame(look);"""
        )
        page.goto(app_url)
        page.wait_for_function("window.met", timeout=30_000)
        assert page.evaluate("window.met") == "tp-picture"


def test_slider_redraws_everything_without_the_server(desk):
    desk.settle()
    before = (
        desk.kept(),
        desk.text("[data-out=summary]"),
        desk.text(".tp-card-answer"),
        desk.pixels(),
    )
    earlier = len(desk.requests)
    desk.page.evaluate("window.hint = document.querySelector('.tp-readout > p')")
    desk.page.focus(".tp-rate-input")
    desk.press("ArrowLeft", times=4)
    assert desk.page.evaluate("hint.isConnected")  # what has not changed is left alone
    after = (
        desk.kept(),
        desk.text("[data-out=summary]"),
        desk.text(".tp-card-answer"),
        desk.pixels(),
    )
    assert desk.text("[data-out=rate]") == "30\u00a0%"
    for old, new in zip(before, after, strict=True):
        assert old != new
    assert "30\u00a0%" in desk.page.get_attribute(".tp-rate-input", "aria-valuetext")
    desk.press("End")
    assert desk.text("[data-out=rate]") == "100\u00a0%"
    assert len(set(desk.kept())) == 1  # nothing is pruned
    assert desk.requests[earlier:] == []
    assert desk.errors == []


def test_slider_repaints_within_50_ms(desk):
    desk.settle()
    medians = []

    def quick() -> bool:
        medians.append(statistics.median(repaints_of_a_drag(desk)))
        return medians[-1] < REPAINT_MILLISECONDS * slowness()

    # Other work on the machine can only add time, so the best of several drags counts.
    assert any(quick() for _ in range(8)), medians


def repaints_of_a_drag(desk) -> list[float]:
    """Milliseconds of each repaint while the keep-rate is moved by keys and by the mouse."""
    before = len(desk.repaints())
    desk.page.focus(".tp-rate-input")
    desk.press("ArrowLeft", times=4)
    desk.press("ArrowRight", times=10)
    box = desk.page.locator(".tp-rate-input").bounding_box()
    middle = box["y"] + box["height"] / 2
    desk.page.mouse.move(box["x"] + box["width"] - 12, middle)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + 60, middle, steps=10)
    desk.page.mouse.up()
    desk.next_frames()
    repaints = desk.repaints()[before:]
    assert len(repaints) >= 12
    return repaints


def test_score_switch_changes_what_is_kept(desk):
    pictures = {desk.pixels()}
    kept = desk.kept()
    for score in ("intensity", "variation"):
        desk.page.locator(".tp-score label", has_text=score.title()).click()
        desk.next_frames()
        pictures.add(desk.pixels())
        assert desk.kept() == kept  # the same number, other patches
    assert len(pictures) == 3


def test_the_summary_of_a_choice_does_not_interrupt_a_patch(desk):
    spoken = "document.querySelector('.tp-spoken').textContent"
    desk.page.locator(".tp-score label", has_text="Intensity").click()
    desk.page.wait_for_function(f"{spoken}.startsWith('Keep-rate')")
    desk.page.locator(".tp-score label", has_text="Variation").click()
    desk.page.click(".tp-picture", position={"x": 60, "y": 60})
    desk.page.wait_for_timeout(1_000)
    assert desk.text(".tp-spoken").startswith("Patch ")
    desk.page.locator(".tp-score label", has_text="Attention").click()
    desk.page.wait_for_function(f"{spoken}.startsWith('Keep-rate')")


def test_pointer_and_keyboard_read_out_patches(desk):
    desk.page.hover(".tp-picture", position={"x": 60, "y": 60})
    hovered = desk.text(".tp-readout")
    for field in ("Patch", "Time", "Frequency", "dB here", "Intensity", "Variation", "Fate"):
        assert field in hovered
    desk.page.click(".tp-picture", position={"x": 60, "y": 60})
    canvas = desk.page.locator(".tp-picture").bounding_box()
    desk.page.mouse.move(canvas["x"], canvas["y"] - 30)
    spoken = desk.text(".tp-spoken")
    assert "Hz" in spoken
    patch = int(re.search(r"Patch (\d+)", spoken)[1])
    desk.press("ArrowRight")
    assert int(re.search(r"Patch (\d+)", desk.text(".tp-spoken"))[1]) == patch + 8
    desk.press("ArrowDown")
    assert int(re.search(r"Patch (\d+)", desk.text(".tp-spoken"))[1]) == patch + 7


def test_space_plays_and_a_click_seeks(desk):
    desk.page.click(".tp-picture", position={"x": 120, "y": 60})
    desk.page.wait_for_function("document.querySelector('.tp-seek').value > 0")
    sought = float(desk.page.input_value(".tp-seek"))
    desk.press(" ")
    desk.page.wait_for_function(f"document.querySelector('.tp-seek').value > {sought} + 0.05")
    assert desk.errors == []


def test_dark_theme_reaches_the_canvas(visit, desk):
    ink = "() => getComputedStyle(document.querySelector('.tp')).color.match(/[0-9]+/g).map(Number)"
    dark = visit("?__theme=dark")
    assert sum(desk.page.evaluate(ink)) < 300 < 500 < sum(dark.page.evaluate(ink))
    assert desk.pixels() != dark.pixels()  # titles and axes
    assert dark.errors == []


def test_bars_and_choices_are_seen_where_the_system_chooses_the_colours(desk):
    desk.page.emulate_media(forced_colors="active")
    grounds = desk.page.evaluate(
        """['.tp', '.tp-top .tp-fill', '.tp-kept .tp-fill', '.tp-play', '.tp-score label:has(:checked)']
            .map(selector => getComputedStyle(document.querySelector(selector)).backgroundColor)"""
    )
    desk.page.emulate_media(forced_colors="none")
    page_ground, *shown = grounds
    empty = (page_ground, "rgba(0, 0, 0, 0)", "rgb(255, 255, 255)")
    assert not [ground for ground in shown if ground in empty]


def test_other_model(desk):
    if len(bundled_names()) < 2:
        pytest.skip("only one model is bundled")
    shown = desk.page.get_attribute(".tp-picture", "aria-label")
    assert bundled_names()[0] in shown
    desk.choose_model(bundled_names()[1])
    desk.page.wait_for_function(
        "shown => document.querySelector('.tp-picture').getAttribute('aria-label') !== shown", arg=shown
    )
    assert bundled_names()[1] in desk.page.get_attribute(".tp-picture", "aria-label")
    # No part of the clip was chosen, so the loudest part is still played.
    assert "The model hears the loudest part" in desk.text("#ts-part")
    assert "Showing the loudest" in desk.text(".tp-clip")


def test_upload_is_analysed_and_start_can_be_chosen(desk, tmp_path):
    before = desk.pixels()
    desk.upload(write_sweep(tmp_path / "sweep.wav", seconds=12))
    desk.wait_for_clip("sweep.wav")
    desk.next_frames()
    assert desk.pixels() != before
    assert "Showing the loudest" in desk.text(".tp-clip")
    desk.move_window(1.5)
    desk.page.wait_for_function("document.querySelector('.tp-clip').textContent.includes('(1.50 to ')")
    assert desk.text(".tp-time") == "1.50 s"
    assert desk.errors == []
    assert desk.foreign_requests() == []


def test_bad_upload_is_one_sentence_and_the_picture_stays(desk, tmp_path):
    bad = tmp_path / "notes.wav"
    bad.write_text("not audio at all")
    before = desk.pixels()
    desk.upload(bad)
    message = desk.page.wait_for_selector("#status .message:not(:empty)").inner_text()
    assert "notes.wav" in message
    assert "\n" not in message
    assert "Traceback" not in desk.text("body")
    assert desk.pixels() == before
    # A click on an example restores everything.
    desk.page.click("#examples button >> nth=1")
    desk.wait_for_clip(example_clips()[1].title)
    assert desk.page.locator("#status .message").text_content() == ""


def test_phone_needs_no_sideways_scroll(visit):
    phone = visit(width=390, height=844, has_touch=True, is_mobile=True)
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    outside = """() => [...document.querySelectorAll('body *')].filter(element => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && box.right > innerWidth + 1
            && !element.closest('#examples, .tab-container');  // these scroll sideways
    }).map(element => element.className)"""
    assert phone.page.evaluate(outside) == []
    phone.page.evaluate(
        """document.querySelectorAll('.tp-changes li').forEach(chip => {
            chip.textContent = 'from “Vehicle horn, car horn, honking” to “Power windows, electric windows”';
            chip.className = 'long';
        })"""
    )
    assert phone.page.locator(".tp-changes .long").count() > 0
    assert phone.page.evaluate(outside) == []
    phone.page.tap(".tp-picture", position={"x": 120, "y": 80})
    assert "Patch" in phone.text(".tp-readout")
    height = phone.page.locator(".tp-rate-input").bounding_box()["height"]
    phone.page.tap(".tp-rate-input", position={"x": 4, "y": height / 2})
    phone.next_frames()
    assert phone.text("[data-out=rate]") == "30\u00a0%"
    # The slider stays in sight when the reading is scrolled to.
    phone.page.locator(".tp-card-accuracy").scroll_into_view_if_needed()
    assert phone.page.locator(".tp-rate-input").bounding_box()["y"] >= 0
    # So does the open tab in its row: at once, when the server has answered, and after a turn of the phone.
    in_sight = """() => {
        const { left, right } = document.getElementById('paper-tab-button').getBoundingClientRect();
        return left >= 0 && right <= innerWidth;
    }"""
    assert phone.page.evaluate(f"document.getElementById('paper-tab-button').click() ?? ({in_sight})()")
    phone.page.wait_for_selector("#paper-content", state="visible")
    assert phone.page.evaluate(in_sight)
    for width, height in ((500, 390), (390, 844)):
        phone.page.set_viewport_size({"width": width, "height": height})
        phone.next_frames()
        assert phone.page.evaluate(in_sight)


@pytest.mark.parametrize("width", [390, 1366, 1920])
def test_the_accuracy_curve_fills_its_card_in_the_page_s_letters(visit, width):
    visited = visit(width=width, height=900)
    visited.page.wait_for_function(
        """() => {
            const card = document.querySelector('.tp-card-accuracy');
            const { paddingLeft, paddingRight } = getComputedStyle(card);
            const room = card.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
            return Math.abs(card.querySelector('.tp-curve').getBoundingClientRect().width - room) < 2;
        }"""
    )
    letters = visited.page.locator(".tp-curve text").first.bounding_box()["height"]
    assert 11 <= letters <= 18
    assert visited.errors == []


def test_the_accuracy_curve_stays_and_its_ring_follows_the_keep_rate(visit):
    visited = visit("?example=happy&model=ast-spc12")
    page = visited.page
    choose(visited, 0.5)
    page.eval_on_selector(".tp-line", "line => (globalThis.lineBefore = line)")
    places = set()
    for rate in (0.4, 0.7, 1):
        choose(visited, rate)
        numbers = "ring => ['cx', 'cy'].map(name => Number(ring.getAttribute(name)))"
        x, y = page.eval_on_selector(".tp-here", numbers)
        dots = page.eval_on_selector_all(
            ".tp-dot",
            "dots => dots.map(dot => [Number(dot.getAttribute('cx')), Number(dot.getAttribute('cy'))])",
        )
        assert [x, y] in dots
        places.add(x)
    assert len(places) == 3
    assert page.eval_on_selector(".tp-line", "line => line === globalThis.lineBefore")
