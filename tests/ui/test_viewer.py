"""The viewer alone, in headless Chromium: what it shows and plays, against the library's own numbers."""

from __future__ import annotations

import base64
import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from tests.browser_support import choose, next_frames, serve_modules
from tests.conftest import tiny_config
from tests.signal.listening import listen_tracks
from tpexplore import ui
from tpexplore.model.plan import KEEP_RATES, PRUNE_BLOCKS, SCORES
from tpexplore.model.vit import AudioViT
from tpexplore.stats.clusters import Clusters
from tpexplore.study.exploration import Exploration
from tpexplore.study.sweep import explore
from tpexplore.ui import payload, viewer

pytest_plugins = ["tests.browser_support"]
pytestmark = pytest.mark.browser

FRAMES, PATCHES = 256, 128
EDGES = (-3.0, -1.0, -0.8, -0.4, 0.2, 3.0)
TRACKS = ["original", *(f"{what} {block}" for block in PRUNE_BLOCKS for what in ("kept", "removed"))]


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    """2.05 s of bursts of a rising tone over noise; the model's 2.56 s end in padding."""
    at = np.arange(32_800) / 16_000
    tone = 0.6 * np.sin(2 * np.pi * (300 * at + 400 * at**2)) * (np.sin(2 * np.pi * 1.5 * at) > 0)
    return (tone + 0.02 * np.random.default_rng(5).standard_normal(len(at))).astype(np.float32)


@pytest.fixture(scope="module")
def exploration(clip) -> Exploration:
    """Of a random model whose answer depends on what it keeps."""
    torch.manual_seed(5)
    model = AudioViT(replace(tiny_config("ast", frames=FRAMES, classes=12), name="tiny")).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2)
        exploration = explore(model, clip, keep_rates=(0.3, 0.6, 0.8, 1.0))
        logits = [point.logits for points in exploration.points.values() for point in points]
        model.head[1].bias -= torch.tensor(np.mean(logits, axis=0))
    return explore(model, clip)


@contextmanager
def served(message: dict):
    """A page with nothing but the viewer."""
    with gr.Blocks(analytics_enabled=False) as demo:
        viewer.create_viewer([message])
    _, url, _ = demo.launch(
        quiet=True, prevent_thread_lock=True, ssr_mode=False, footer_links=[], **ui.page_options()
    )
    try:
        yield url
    finally:
        demo.close()


@pytest.fixture(scope="module")
def app_url(exploration, clip):
    """In place of the whole app's address."""
    with served(payload.build_payload(exploration, samples=clip, name="bursts", start=1.5)) as url:
        yield url


@pytest.fixture
def new_desk(visit):
    return visit(width=1000)


@pytest.fixture(scope="module")
def lasting_desk(lasting_visit):
    return lasting_visit(width=1000)


@pytest.fixture
def desk(lasting_desk):
    """A page that other tests have used, reset, with keep-rate 0.5 by attention."""
    close = lasting_desk.page.locator(".tp-close")
    if close.is_visible():
        close.click()
    lasting_desk.page.select_option(".tp-grouping", "intensity")
    lasting_desk.page.mouse.move(5, 5)
    choose(lasting_desk, 0.5)
    return lasting_desk


@pytest.fixture(scope="module")
def overheard_desk(lasting_desk):
    """The page, which from now on records every sound that it starts."""
    lasting_desk.page.evaluate(EAVESDROP)
    return lasting_desk


@pytest.fixture
def listener(overheard_desk, desk):
    """Such a page, silent."""
    if desk.page.get_attribute(".tp-play", "data-playing") == "true":
        desk.page.click(".tp-play")
    return desk


def open_passport(desk, patch: int) -> None:
    """By keyboard alone: to the lowest patch of the first column, then up and to the right."""
    desk.page.focus(".tp-picture")
    for key, times in (("Home", 2), ("ArrowDown", 8), ("ArrowRight", patch // 8), ("ArrowUp", patch % 8)):
        for _ in range(times):
            desk.page.keyboard.press(key)
    desk.press("Enter")


def lit_pixels(desk) -> np.ndarray:
    """Opacity of the layer over the picture, (height, width)."""
    url = desk.page.eval_on_selector(".tp-cursor", "canvas => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))[..., 3]


# -- listening


def mask_in_browser(page, samples: np.ndarray, drop: np.ndarray) -> dict[str, np.ndarray]:
    tracks = page.evaluate(
        """async ([clip, drop, rows, grid]) => {
            const { gridOf } = await import("/shared/grid.js");
            const { listenTracks, spectrumOf } = await import("/explore/masking.js");
            const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const spectrum = spectrumOf(new Float32Array(bytes(clip).buffer));
            const binRows = new Uint16Array(bytes(rows).buffer);
            const tracks = listenTracks(spectrum, binRows, gridOf(grid), bytes(drop));
            const text = (track) => {
                let letters = "";
                for (const byte of new Uint8Array(track.buffer)) letters += String.fromCharCode(byte);
                return btoa(letters);
            };
            return Object.entries(tracks).map(([name, track]) => [name, text(track)]);
        }""",
        [
            *(base64.b64encode(array.tobytes()).decode() for array in (samples, drop, payload.bin_rows())),
            grid_of(drop),
        ],
    )
    return {name: np.frombuffer(base64.b64decode(track), np.float32) for name, track in tracks}


def grid_of(drop: np.ndarray) -> dict:
    columns = len(drop) // 8
    grid = {"rows": 8, "columns": columns, "melStride": 16, "timeStride": 16, "patch": 16}
    return {"grid": grid, "frames": 16 * columns, "bins": 128}


def python_tracks(samples: np.ndarray, drop: np.ndarray) -> dict[str, np.ndarray]:
    kept = {block: (drop == 0) | (drop > block) for block in PRUNE_BLOCKS}
    return listen_tracks(samples, kept, len(drop) * 2)


def test_masking_in_the_browser_is_the_library_s(browser, clip):
    """Within -60 dB of the clip and 1e-3 everywhere; in fact it agrees to float32's rounding."""
    rng = np.random.default_rng(0)
    random = rng.choice(np.array([0, 4, 7, 10], np.uint8), PATCHES)
    columns = np.where(np.arange(PATCHES) // 8 % 2, 4, 0).astype(np.uint8)
    loud = 2.2 * clip / np.abs(clip).max()  # so that all tracks are turned down
    cases = {
        "random": (clip, random),
        "columns": (clip, columns),
        "turned down": (loud, random),
        "nothing dropped": (clip, np.zeros(PATCHES, np.uint8)),
        "everything dropped": (clip, np.full(PATCHES, 7, np.uint8)),
        "a short clip": (clip[:701], random),
        "one column": (clip[:2000], random[:8]),
        "an offset": (clip + 0.2, random),
    }
    page = browser.new_page()
    serve_modules(page)
    for case, (samples, drop) in cases.items():
        samples = samples.astype(np.float32)
        expected, played = python_tracks(samples, drop), mask_in_browser(page, samples, drop)
        assert list(played) == list(expected) == TRACKS
        for name in TRACKS:
            error = played[name] - expected[name]
            assert np.abs(error).max() < 1e-3, (case, name)
            assert np.square(error).sum() <= 1e-6 * np.square(expected["original"]).sum(), (case, name)
    assert np.abs(python_tracks(loud, random)["original"]).max() < np.abs(loud).max()
    page.close()


# Records every sound that is started, with the fades that begin at the same time.
EAVESDROP = """() => {
window.started = [];
window.fades = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (at, offset) {
    const samples = Array.from(this.buffer.getChannelData(0));
    started.push({ at, offset, loop: this.loop, samples });
    return start.call(this, at, offset);
};
const ramp = AudioParam.prototype.linearRampToValueAtTime;
AudioParam.prototype.linearRampToValueAtTime = function (value, at) {
    fades.push({ value, at });
    return ramp.call(this, value, at);
};
}"""


def test_sounds_are_made_only_for_those_who_listen(desk):
    for rate in (0.4, 0.6, 0.8):
        choose(desk, rate)
    desk.page.wait_for_timeout(400)
    assert desk.page.evaluate("performance.getEntriesByName('tp-sound').length") == 0


# In one go, as a slow machine may reach the clip's end between two commands: start over at 0.2 s, choose,
# and return what was started then, from where, and which fades belong to it.
SWITCH = """async ([what, block]) => {
    const seek = document.querySelector('.tp-seek');
    const press = (selector) => document.querySelector(selector).click();
    seek.value = 0.2;
    seek.dispatchEvent(new Event('input'));
    const played = document.querySelector('.tp-play').dataset.playing;
    if (played !== 'true') press('.tp-play');
    while (Number(seek.value) <= 0.25) await new Promise(requestAnimationFrame); // until it is heard
    const count = started.length;
    press(`.tp-what input[value=${what}]`);
    press(`.tp-after input[value='${block}']`);
    const { at, samples } = started.at(-1);
    const met = fades.filter((fade) => Math.abs(fade.at - at - 0.005) < 1e-6).map((fade) => fade.value);
    const timeline = started.slice(count - 1).map(({ at, offset }) => ({ at, offset }));
    return { timeline, samples, met };
}"""


def test_switching_keeps_the_place_and_plays_the_library_s_track(listener, exploration, clip):
    choose(listener, 0.5)
    drop = exploration.drop_stages("attention")[KEEP_RATES.index(0.5)]
    expected = python_tracks(clip, drop)
    listener.page.locator(".tp-what label", has_text="Removed").click()
    for what, block in (("kept", 4), ("kept", 7), ("removed", 7), ("removed", 10), ("original", 10)):
        heard = listener.page.evaluate(SWITCH, [what, block])
        track = what if what == "original" else f"{what} {block}"
        assert np.allclose(heard["samples"], expected[track], atol=1e-3), track
        # Each sound begins at the very sample that the one before has reached.
        timeline = heard["timeline"]
        assert len(timeline) > 1
        for old, new in pairwise(timeline):
            assert new["offset"] == pytest.approx(old["offset"] + new["at"] - old["at"], abs=1e-6)
        assert sorted(heard["met"])[-2:] == [0, 1], "one sound comes in as the other goes"
    assert listener.errors == []


def test_slider_changes_what_is_heard(listener, exploration, clip):
    listener.page.locator(".tp-what label", has_text="Kept").click()
    listener.page.locator(".tp-after label", has_text="10").click()
    choose(listener, 0.3, "variation")
    index = KEEP_RATES.index(0.3)
    left = len(exploration.points["variation"][index].kept[10])
    listener.page.wait_for_function(
        f"document.querySelector('[data-out=listen]').textContent.includes('The {left} patches')"
    )
    listener.page.click(".tp-play")
    heard = listener.page.evaluate("started.at(-1).samples")
    expected = python_tracks(clip, exploration.drop_stages("variation")[index])["kept 10"]
    assert np.allclose(heard, expected, atol=1e-3)
    level = 10 * np.log10(np.square(expected).sum() / np.square(clip).sum())
    level_text = re.search(r"(\d+) dB (quieter|louder)", listener.text("[data-out=listen]"))
    assert float(level_text[1]) * {"quieter": -1, "louder": 1}[level_text[2]] == pytest.approx(level, abs=0.6)


def test_a_patch_is_looped_by_itself_and_with_its_column(listener, clip):
    patch = 8 * 4 + 2
    open_passport(listener, patch)
    sounds = {}
    for what, kept in (("patch", [patch]), ("column", range(32, 40))):
        listener.page.click(f"[data-loop={what}]")
        assert listener.page.get_attribute(f"[data-loop={what}]", "aria-pressed") == "true"
        last = listener.page.evaluate("started.at(-1)")
        assert last["loop"]
        drop = np.full(PATCHES, 4, np.uint8)
        drop[list(kept)] = 0
        alone = python_tracks(clip, drop)["kept 4"] - clip.mean()  # the mean stays with the kept
        first = 4 * 2560 - 512
        sounds[what] = np.array(last["samples"])
        assert np.allclose(sounds[what][:3584], alone[first : first + 3584], atol=1e-3)
        assert not sounds[what][3584:].any()  # silence, so that repetitions are heard apart
    assert np.square(sounds["column"]).sum() > np.square(sounds["patch"]).sum()
    assert "below the clip's" in listener.text("[data-out=loop]")
    listener.page.click("[data-loop=column]")
    assert listener.page.get_attribute("[data-loop=column]", "aria-pressed") == "false"
    listener.page.click("[data-loop=patch]")
    listener.page.click(".tp-play")  # the clip takes over
    assert listener.page.get_attribute("[data-loop=patch]", "aria-pressed") == "false"
    assert listener.errors == []


# -- passport


def standing(exploration: Exploration, score: str, rate: float, block: int, patch: int) -> list[str] | None:
    """The library's values of a patch in a stage, as the passport writes them."""
    point = exploration.points[score][KEEP_RATES.index(rate)]
    before = {4: np.arange(PATCHES), 7: point.kept[4], 10: point.kept[7]}[block]
    if patch not in before:
        return None
    values = point.scores[block].astype(float) * (len(before) if score == "attention" else 1)
    place = before.tolist().index(patch)
    rank = np.argsort(-values, kind="stable").tolist().index(place) + 1
    kept = np.isin(before, point.kept[block])
    margin = values[place] - values[kept].min()
    return [
        f"{values[place]:.2f}".replace("-", "−"),
        f"{rank} of {len(before)}",
        f"{values[kept].min():.2f}".replace("-", "−"),
        f"{margin:+.2f}".replace("-", "−"),
        "kept" if kept[place] else "dropped",
    ]


def test_passport_tells_the_library_s_numbers(desk, exploration):
    drops = {score: exploration.drop_stages(score) for score in SCORES}
    fates = set()
    for patch in (0, 35, 70):
        open_passport(desk, patch)
        assert desk.text("[data-out=patch]") == f"Patch {patch}"
        for score in SCORES:
            for rate in (0.4, 0.7):
                choose(desk, rate, score)
                rows = desk.page.eval_on_selector_all(
                    "[data-out=stages] tr",
                    "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.innerText))",
                )
                for block, row in zip(PRUNE_BLOCKS, rows, strict=True):
                    expected = standing(exploration, score, rate, block, patch)
                    dropped = drops[score][KEEP_RATES.index(rate), patch]
                    assert row == (expected or [f"gone: dropped by block {dropped}"])
                    fates.add(row[-1])
        strips = desk.page.eval_on_selector_all(
            "[data-out=strips] .tp-strip",
            """rows => Object.fromEntries(rows.map(row => [
                row.querySelector('span').innerText,
                [...row.querySelectorAll('i')].map(cell => Number(cell.dataset.by)),
            ]))""",
        )
        assert strips == {score: drops[score][:, patch].tolist() for score in SCORES}
        facts = desk.text("[data-out=facts]")
        for name in ("intensity", "variation"):
            values = getattr(exploration, name)
            higher = f"{100 * (values < values[patch]).mean():.0f}\u00a0%"
            value = f"{values[patch]:.2f}".replace("-", "−")
            assert f"{value}, higher than {higher} of this clip's patches" in facts
    assert {"kept", "dropped"} < fates
    assert any(fate.startswith("gone") for fate in fates)
    choose(desk, 1.0)
    assert "nothing is ranked" in desk.text("[data-out=stages]")
    desk.press("Escape")  # from wherever the focus is inside
    desk.page.focus(".tp-close")
    desk.press("Escape")
    assert not desk.page.is_visible(".tp-passport")
    assert desk.page.evaluate("document.activeElement.className") == "tp-picture"


def test_a_click_opens_the_passport_and_a_patch_lights_up_in_all_panels(new_desk):
    box = new_desk.page.locator(".tp-picture").bounding_box()
    assert not lit_pixels(new_desk).any()
    new_desk.page.mouse.move(box["x"] + 100, box["y"] + 90)
    new_desk.next_frames()
    lit = np.flatnonzero(lit_pixels(new_desk).any(0))
    assert len(np.split(lit, np.flatnonzero(np.diff(lit) > 1) + 1)) == 3
    assert not new_desk.page.is_visible(".tp-passport")
    new_desk.page.mouse.click(box["x"] + 100, box["y"] + 90)
    patch = re.search(r"Patch (\d+)", new_desk.text(".tp-spoken"))[1]
    assert new_desk.text("[data-out=patch]") == f"Patch {patch}"
    new_desk.press("ArrowRight")
    assert new_desk.text("[data-out=patch]") == f"Patch {int(patch) + 8}"  # an open passport follows
    new_desk.page.click(".tp-close")
    assert not new_desk.page.is_visible(".tp-passport")


# -- enlarged

WHEEL = """([x, y, delta, ctrl]) => {
    const canvas = document.querySelector('.tp-picture');
    const options = { clientX: x, clientY: y, deltaY: delta, ctrlKey: ctrl, bubbles: true, cancelable: true };
    return !canvas.dispatchEvent(new WheelEvent('wheel', options));
}"""


def wheel(desk, x: float, y: float, delta: float, ctrl: bool = True) -> bool:
    """Turn the wheel over a place; returns whether the page was kept from scrolling."""
    prevented = desk.page.evaluate(WHEEL, [x, y, delta, ctrl])
    desk.next_frames()
    return prevented


def pointed_patch(desk) -> int:
    return int(re.search(r"Patch\s+(\d+)", desk.text(".tp-readout"))[1])


@pytest.fixture
def magnifier(desk):
    """A page whose picture has one large panel."""
    desk.page.eval_on_selector(".tp-panel input[value='10']", "radio => radio.click()")
    desk.page.focus(".tp-picture")
    desk.press("0")
    yield desk
    desk.page.focus(".tp-picture")
    desk.press("0")
    desk.page.eval_on_selector(".tp-panel input[value='all']", "radio => radio.click()")


def test_ctrl_and_the_wheel_enlarge_around_the_pointer(magnifier):
    magnifier.page.evaluate("scrollTo(0, 0)")
    box = magnifier.page.locator(".tp-picture").bounding_box()
    x, y = box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"]
    magnifier.page.mouse.move(x, y)
    magnifier.next_frames()
    patch, whole = pointed_patch(magnifier), magnifier.pixels()
    assert not wheel(magnifier, x, y, -100, ctrl=False), "the page scrolls as ever"
    assert magnifier.pixels() == whole
    for _ in range(6):
        assert wheel(magnifier, x, y, -100), "the page stays"
        assert pointed_patch(magnifier) == patch
    large = magnifier.pixels()
    assert large != whole
    # What is enlarged follows the hand, and where a drag ends no passport opens.
    magnifier.page.mouse.down()
    for step in range(1, 6):
        magnifier.page.mouse.move(x + 10 * step, y + 4 * step)
        magnifier.next_frames()
        assert pointed_patch(magnifier) == patch
    magnifier.page.mouse.up()
    magnifier.next_frames()
    assert magnifier.pixels() != large
    assert not magnifier.page.is_visible(".tp-passport")
    magnifier.page.mouse.click(x + 50, y + 20)
    assert magnifier.text("[data-out=patch]") == f"Patch {patch}"
    magnifier.page.click(".tp-close")
    # Another keep-rate leaves it as it is.
    choose(magnifier, 0.8)
    assert magnifier.page.get_attribute(".tp-canvases", "data-zoomed") == "true"
    choose(magnifier, 0.5)
    for _ in range(12):
        wheel(magnifier, x, y, 100)
    assert magnifier.page.get_attribute(".tp-canvases", "data-zoomed") == "false"
    assert magnifier.pixels() == whole
    assert magnifier.errors == []


def test_buttons_and_keys_enlarge_and_the_patch_stays_in_sight(magnifier):
    button = {name: magnifier.page.locator(f"[data-zoom={name}]") for name in ("in", "out", "reset")}
    whole = magnifier.pixels()
    assert [one.get_attribute("aria-disabled") for one in button.values()] == ["false", "true", "true"]
    button["in"].focus()
    magnifier.press("Enter", 3)
    large = magnifier.pixels()
    assert large != whole
    assert [one.get_attribute("aria-disabled") for one in button.values()] == ["false", "false", "false"]
    magnifier.page.focus(".tp-picture")
    magnifier.press("0")
    assert magnifier.pixels() == whole
    magnifier.press("+", 3)
    assert magnifier.pixels() == large
    for keys in (("Home", "ArrowDown"), ("End", "ArrowUp")):
        before = magnifier.pixels()
        for key in keys:
            magnifier.press(key, 8)
        assert magnifier.pixels() != before, "the patch was out of sight"
        assert lit_pixels(magnifier).any(), "and is seen now"
    button["reset"].click()
    magnifier.next_frames()
    assert magnifier.pixels() == whole


def test_many_turns_of_the_wheel_in_one_frame_paint_once(magnifier):
    before = len(magnifier.repaints())
    magnifier.page.evaluate(f"() => {{ for (let i = 0; i < 20; i++) ({WHEEL})([400, 400, -5, true]); }}")
    magnifier.next_frames()
    magnifier.next_frames()
    assert len(magnifier.repaints()) == before + 1


def test_two_fingers_enlarge_and_one_moves_what_is_enlarged(visit):
    phone = visit(width=390, height=844, has_touch=True, is_mobile=True)
    top = "document.querySelector('.tp-picture').getBoundingClientRect().top + scrollY"
    assert phone.page.evaluate(top) < 350  # of the viewer alone: the picture begins on the first screen
    session = phone.page.context.new_cdp_session(phone.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    phone.page.eval_on_selector(".tp-picture", "canvas => canvas.scrollIntoView({ block: 'center' })")
    phone.next_frames()
    box = phone.page.locator(".tp-picture").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    whole, scrolled = phone.pixels(), phone.page.evaluate("scrollY")
    touch("touchStart", (x - 20, y), (x + 20, y))
    for step in range(1, 8):
        touch("touchMove", (x - 20 - 8 * step, y), (x + 20 + 8 * step, y))
    touch("touchEnd")
    phone.next_frames()
    assert phone.page.get_attribute(".tp-canvases", "data-zoomed") == "true"
    large = phone.pixels()
    assert large != whole
    touch("touchStart", (x, y))
    for step in range(1, 6):
        touch("touchMove", (x + 9 * step, y + 9 * step))
    touch("touchEnd")
    phone.next_frames()
    assert phone.pixels() != large
    assert phone.page.evaluate("scrollY") == scrolled, "the finger moves the picture, not the page"
    assert not phone.page.is_visible(".tp-passport")
    phone.page.tap("[data-zoom=reset]")
    phone.next_frames()
    assert phone.pixels() == whole
    phone.page.tap(".tp-picture", position={"x": 120, "y": 80})
    phone.page.wait_for_selector(".tp-passport:not([hidden])")
    check_fit(phone)
    assert phone.errors == []


# -- survival


def survival_rows(desk) -> dict[str, list[int]]:
    rows = desk.page.eval_on_selector_all(
        ".tp-groups tr", "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return {name: [int(text) for text in counts] for name, *counts in rows}


def survivors(exploration, score: str, rate: float, group: np.ndarray) -> list[int]:
    point = exploration.points[score][KEEP_RATES.index(rate)]
    return [len(group), *(int(np.isin(group, point.kept[block]).sum()) for block in PRUNE_BLOCKS)]


def test_survival_counts_are_the_exploration_s(desk, exploration):
    padding = np.arange(PATCHES)[np.arange(PATCHES) // 8 * 16 >= exploration.real_frames]
    sound = np.setdiff1d(np.arange(PATCHES), padding)
    for score, rate in (("attention", 0.7), ("intensity", 0.45)):
        choose(desk, rate, score)
        for by in ("intensity", "variation"):
            desk.page.select_option(".tp-grouping", by)
            desk.next_frames()
            order = sound[np.argsort(getattr(exploration, by)[sound], kind="stable")]
            cuts = [round(len(order) * i / 5 + 1e-9) for i in range(6)]
            names = ("lowest fifth", "second fifth", "middle fifth", "fourth fifth", "highest fifth")
            groups = {name: order[a:b] for name, (a, b) in zip(names, pairwise(cuts), strict=True)}
            groups |= {"padding": padding, "all patches": np.arange(PATCHES)}
            assert survival_rows(desk) == {
                name: survivors(exploration, score, rate, group) for name, group in groups.items()
            }
        desk.page.select_option(".tp-grouping", "frequency")
        desk.next_frames()
        shown = list(survival_rows(desk).values())
        rows = [sound[sound % 8 == row] for row in range(7, -1, -1)]
        assert shown[:8] == [survivors(exploration, score, rate, row) for row in rows]


def test_a_group_lights_up_in_the_panels(new_desk, exploration):
    new_desk.page.mouse.move(5, 5)
    new_desk.page.hover(".tp-groups tr[data-group='0'] td >> nth=1")
    new_desk.next_frames()
    veiled = (lit_pixels(new_desk) > 150).mean()
    size = survival_rows(new_desk)["highest fifth"][0]
    new_desk.page.mouse.move(5, 5)
    new_desk.next_frames()
    assert not lit_pixels(new_desk).any()
    assert 0.4 < veiled < 1 - size / PATCHES
    # By keyboard: focus shows it, Enter keeps it.
    new_desk.page.focus(".tp-groups button >> nth=0")
    new_desk.press("Enter")
    new_desk.page.focus(".tp-rate-input")
    new_desk.next_frames()
    assert (lit_pixels(new_desk) > 150).mean() == pytest.approx(veiled, abs=0.001)
    assert new_desk.page.get_attribute(".tp-groups button >> nth=0", "aria-pressed") == "true"
    new_desk.page.click(".tp-groups button >> nth=0")
    new_desk.page.focus(".tp-rate-input")
    new_desk.page.mouse.move(5, 5)
    new_desk.next_frames()
    assert not lit_pixels(new_desk).any()


def test_the_pointed_patch_shows_its_group(desk, exploration):
    loudest = int(exploration.intensity.argmax())
    open_passport(desk, loudest)
    assert desk.page.get_attribute(".tp-groups tr >> nth=0", "data-here") == "true"
    open_passport(desk, PATCHES - 1)
    assert desk.text(".tp-groups tr[data-here=true] th") == "padding"


@pytest.mark.parametrize("blocks", [(6,), (2, 12), (2, 5, 8, 11), tuple(range(1, 13))])
def test_any_number_of_blocks_is_shown(browser, clip, blocks):
    """Picture, stage switch, sounds, survival, passport and cost, each with as many stages as there are."""
    torch.manual_seed(6)
    model = AudioViT(replace(tiny_config("ast", frames=FRAMES, classes=12), name="tiny")).eval()
    exploration = explore(model, clip, keep_rates=(0.8, 1.0), blocks=blocks)
    point = exploration.points["attention"][0]
    with served(payload.build_payload(exploration, samples=clip, name="bursts")) as url:
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        page.wait_for_selector(".tp-kept li")
        counts = [len(point.kept[block]) for block in blocks]
        kept = page.eval_on_selector_all(".tp-kept li", "rows => rows.map(row => Number(row.dataset.kept))")
        assert kept == counts
        values = page.eval_on_selector_all(".tp-panel input", "all => all.map(one => one.value)")
        names = [str(block) for block in blocks]
        assert values == ["0", *names, *(["all"] if len(blocks) > 1 else [])]
        legend = page.inner_text(".tp-legend")
        drop = exploration.drop_stages("attention")[0]
        for block in blocks:
            assert f"dropped by block {block} ({(drop == block).sum()})" in legend
        assert page.eval_on_selector_all(".tp-after input", "all => all.map(one => one.value)") == names
        total = page.eval_on_selector(
            ".tp-total", "row => [...row.cells].slice(1).map(c => Number(c.innerText))"
        )
        assert total == [PATCHES, *counts]
        page.focus(".tp-picture")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        stages = page.eval_on_selector_all("[data-out=stages] th", "all => all.map(one => one.innerText)")
        assert stages == [f"Block {block}" for block in blocks]
        pictures = set()
        for value in values:
            page.eval_on_selector(f".tp-panel input[value='{value}']", "radio => radio.click()")
            next_frames(page)
            pictures.add(page.eval_on_selector(".tp-picture", "canvas => canvas.toDataURL()"))
        assert len(pictures) == len(values), "each choice draws something else"
        page.locator(".tp-what label", has_text="Kept").click()
        page.eval_on_selector(f".tp-after input[value='{blocks[-1]}']", "radio => radio.click()")
        page.wait_for_function(
            f"document.querySelector('[data-out=listen]').textContent"
            f".includes('The {counts[-1]} patches left after block {blocks[-1]}')"
        )
        with page.expect_download() as event:
            page.click("[data-save=csv]")
        rows = list(csv.DictReader(io.StringIO(Path(event.value.path()).read_text())))
        assert [int(row["dropped_by_block"]) for row in rows] == drop.tolist()
        with page.expect_download() as event:
            page.click("[data-save=svg]")
        root = ElementTree.fromstring(Path(event.value.path()).read_bytes())
        assert len(root.findall(".//{http://www.w3.org/2000/svg}image")) == len(blocks)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert errors == []
        page.close()


def test_clusters_of_the_dataset_take_the_place_of_fifths(browser, exploration, clip):
    known = Clusters(EDGES, (0.2,) * 5)
    message = payload.build_payload(
        exploration, samples=clip, name="bursts", clusters={"intensity": known, "variation": known}
    )
    ids = known.assign(torch.tensor(exploration.intensity)).numpy()
    with served(message) as url:
        page = browser.new_page()
        page.goto(url)
        page.wait_for_selector(".tp-groups tr")
        counts = {
            row.locator("th").inner_text(): int(row.locator("td").first.inner_text())
            for row in page.locator(".tp-groups tr").all()
        }
        # As in every other tab, padding counts in the cluster that it falls into.
        sizes = {f"C{i + 1}": int((ids == i).sum()) for i in range(5)}
        named = {name.split(" ")[0]: count for name, count in counts.items() if name.startswith("C")}
        assert named == {name: size for name, size in sizes.items() if size}
        page.focus(".tp-picture")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        assert f"cluster {ids[0] + 1} of 5" in page.locator("[data-out=facts]").inner_text()
        page.close()


# -- budget


def open_advanced(desk) -> None:
    """Open the advanced controls."""
    desk.page.eval_on_selector(".tp-advanced", "fold => { fold.open = true; }")


def set_budget(desk, value: str, unit: str) -> str:
    """Type a budget; returns the page's sentence about it."""
    open_advanced(desk)
    desk.page.select_option(".tp-budget-unit", unit)
    desk.page.fill(".tp-budget-input", value)
    desk.next_frames()
    return desk.text("[data-out=budget]")


def test_budget_picks_the_highest_keep_rate_that_fits(desk, exploration):
    points = exploration.points["attention"]
    full = exploration.unpruned.macs
    tenth = points[9]
    unit = {"mega": 1e6, "giga": 1e9, "share": full / 100}
    for name, size in unit.items():
        exact = tenth.macs / size
        limit_text = set_budget(desk, repr(exact * (1 + 1e-12)), name)
        assert desk.text("[data-out=rate]") == "75\u00a0%", name
        assert "80\u00a0% would take" in limit_text
        set_budget(desk, repr(exact * (1 - 1e-9)), name)
        assert desk.text("[data-out=rate]") == "70\u00a0%", name
    assert "without pruning" in set_budget(desk, "100", "share")
    assert desk.text("[data-out=rate]") == "100\u00a0%"
    milliseconds = sorted(round(1000 * point.seconds, 2) for point in points)[5]
    set_budget(desk, str(milliseconds), "time")
    fits = [p.keep_rate for p in points if round(1000 * p.seconds, 2) <= milliseconds]
    assert desk.text("[data-out=rate]") == f"{100 * max(fits):.0f}\u00a0%"


def test_budget_that_cannot_be_met_changes_nothing(desk, exploration):
    choose(desk, 0.55)
    least = 100 * exploration.points["attention"][0].macs / exploration.unpruned.macs
    for value, sentence in (
        (f"{least - 0.1:.2f}", f"No keep-rate fits: 30\u00a0% takes {least:.1f}\u00a0%."),
        ("0", "Type a number above 0."),
        ("-3", "Type a number above 0."),
    ):
        assert set_budget(desk, value, "share") == sentence
        assert desk.text("[data-out=rate]") == "55\u00a0%"


def test_budget_by_keyboard_holds_until_the_slider_moves(desk, exploration):
    open_advanced(desk)
    desk.page.select_option(".tp-budget-unit", "share")
    desk.page.focus(".tp-budget-input")
    desk.page.keyboard.type("70")
    desk.next_frames()
    macs = [point.macs / exploration.unpruned.macs for point in exploration.points["attention"]]
    rate = max(r for r, share in zip(KEEP_RATES, macs, strict=True) if share <= 0.7)
    assert desk.text("[data-out=rate]") == f"{100 * rate:.0f}\u00a0%"
    desk.page.wait_for_function("document.querySelector('.tp-spoken').textContent.startsWith('Keep-rate')")
    assert len(desk.page.text_content(".tp-spoken")) < 90
    desk.page.focus(".tp-rate-input")
    desk.press("ArrowLeft")
    assert desk.page.input_value(".tp-budget-input") == ""
    assert desk.text("[data-out=rate]") == f"{100 * rate - 5:.0f}\u00a0%"


# -- explanation


def expected_explanation(exploration: Exploration, score: str, rate: float) -> str:
    points = exploration.points[score]
    index = KEEP_RATES.index(rate)
    point, drop = points[index], exploration.drop_stages(score)[index]
    labels, answers = exploration.config.labels, [p.answer for p in points]
    padding = np.arange(PATCHES) // 8 * 16 >= exploration.real_frames
    before = labels[exploration.unpruned.answer]
    changed = [i for i, answer in enumerate(answers) if answer != exploration.unpruned.answer]
    from_ = changed[-1] + 1 if changed else 0
    at = f"{100 * rate:.0f}\u00a0%"
    if from_ == len(points) - 1:
        stays = f"Even the lightest pruning changes the answer “{before}”"
    else:
        stays = f"Down to {100 * KEEP_RATES[from_]:.0f}\u00a0% the answer is “{before}”"
    if not changed:
        answer = f"The answer is “{before}” at every keep-rate."
    elif point.answer != exploration.unpruned.answer:
        answer = f"{stays}; at {at} it is “{labels[point.answer]}”."
    elif index < from_:
        answer = f"{stays}; at {at} it is “{before}” again."
    else:
        answer = f"{stays}."
    if not point.kept:
        return (
            f"At 100\u00a0% all {PATCHES} patches are kept."
            f" {padding.sum()} of them are empty padding. {answer}"
        )
    counts = [len(point.kept[block]) for block in PRUNE_BLOCKS]
    kept_padding = int((padding & (drop == 0)).sum())
    levels = np.array(payload.picture_message(exploration)["patch_decibels"])
    louder = levels[drop == 0].mean() - levels[drop > 0].mean()
    all_padding = f"{padding.sum()} patches of empty padding"
    was = "was" if kept_padding == 1 else "were"
    empty = f"{kept_padding} of the {all_padding} {was} kept to the end"
    return (
        f"{counts[0]} of {PATCHES} patches are left after block 4, {counts[1]} after block 7"
        f" and {counts[2]} after block 10."
        f" {empty if kept_padding else f'All {all_padding} were dropped'}. {answer}"
        f" Patches kept to the end are on average {abs(louder):.0f} dB"
        f" {'louder' if louder > 0 else 'quieter'} than the dropped ones."
    )


def test_explanation_tells_the_exploration_s_numbers(desk, exploration):
    texts = set()
    for score in SCORES:
        for rate in (0.3, 0.6, 0.65, 0.8, 0.95, 1.0):
            choose(desk, rate, score)
            explanation = desk.text("[data-out=explanation]")
            assert explanation == expected_explanation(exploration, score, rate), (score, rate)
            texts.add(explanation)
    assert len(texts) > 12
    for phrase in ("Down to", "lightest pruning", "again.", "empty padding", "it is"):
        assert any(phrase in text for text in texts), phrase


# -- download


def download(desk, kind: str) -> tuple[str, bytes]:
    with desk.page.expect_download(timeout=90_000) as event:
        desk.page.click("[data-film]" if kind == "film" else f"[data-save={kind}]")
    return event.value.suggested_filename, Path(event.value.path()).read_bytes()


def test_png_is_of_print_size_and_shows_the_picture(desk):
    choose(desk, 0.5)
    name, content = download(desk, "png")
    assert name == "bursts_tiny_attention_0.50.png"
    image = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    height, width, _ = image.shape
    assert width / 600 * 25.4 == pytest.approx(175, abs=0.3)
    assert Image.open(io.BytesIO(content)).info["dpi"] == pytest.approx((600, 600), abs=0.1)
    assert 0.25 < height / width < 1
    for corner in (image[0, 0], image[0, -1], image[-1, 0], image[-1, -1]):
        assert corner.tolist() == [255, 255, 255]
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 500
    dark = (image.sum(2) < 200).mean(1)
    assert dark[int(height * 0.4)] > 0.2  # panels
    desk.page.select_option(".tp-paper-colours", "viridis")
    assert download(desk, "png")[1] != content
    desk.page.select_option(".tp-paper-width", "one")
    _, narrow = download(desk, "pdf")
    assert b"/MediaBox[0 0 240.945 " in narrow  # 85 mm in points
    desk.page.select_option(".tp-paper-width", "two")
    desk.page.select_option(".tp-paper-colours", "warm")
    choose(desk, 0.3)
    assert download(desk, "png")[1] != content


def test_svg_has_vector_axes_and_embedded_pictures(desk, exploration):
    choose(desk, 0.5, "variation")
    name, content = download(desk, "svg")
    assert name == "bursts_tiny_variation_0.50.svg"
    root = ElementTree.fromstring(content)
    space = {"s": "http://www.w3.org/2000/svg"}
    hrefs = [image.get("href") for image in root.iterfind(".//s:image", space)]
    assert len(hrefs) == 3
    assert all(href.startswith("data:image/png") for href in hrefs)
    texts = [text.text for text in root.iterfind(".//s:text", space)]
    kept = exploration.points["variation"][KEEP_RATES.index(0.5)].kept
    for block in PRUNE_BLOCKS:
        assert f"After block {block}" in texts
        assert f"{len(kept[block])} of {PATCHES} kept" in texts
    for text in ("Hz", "dB", "4k", "2 s", "padding, not sound"):
        assert text in texts
    assert root.get("width") == "175mm"
    assert not any("ranked by" in text for text in texts)  # the caption is beside the picture
    caption = root.find("s:title", space).text
    assert "ranked by variation" in caption
    assert "keep-rate 50\u00a0%" in caption
    assert b"http" not in content.replace(b"http://www.w3.org/2000/svg", b"")


@pytest.mark.parametrize("what", ["kept", "removed"])
def test_what_is_kept_and_removed_can_be_saved_as_sound(desk, what):
    choose(desk, 0.5)
    name, content = download(desk, what)
    assert name == f"bursts_tiny_attention_0.50_{what}.wav"
    samples, rate = soundfile.read(io.BytesIO(content))
    assert rate == 16_000
    assert np.abs(samples).max() > 0.001


def test_a_presentation_sweeps_by_itself_and_escape_leaves_it(desk):
    choose(desk, 0.5)
    desk.page.click("[data-present]")
    label = "document.querySelector('.tp-scene')?.getAttribute('aria-label')"
    assert desk.page.evaluate(label).startswith("Keep 100")
    desk.page.wait_for_function(f"{label}.startsWith('Keep 90')")
    desk.press("ArrowRight")
    assert desk.page.evaluate(label).startswith("Keep 80")
    corner = """dark => {
        document.body.classList.toggle('dark', dark);
        dispatchEvent(new Event('resize'));
        const { data } = document.querySelector('.tp-scene').getContext('2d').getImageData(0, 0, 1, 1);
        const page = getComputedStyle(document.querySelector('.tp-present')).backgroundColor;
        return [`rgb(${[...data].slice(0, 3).join(', ')})`, page];
    }"""
    for dark in (True, False):
        painted, page = desk.page.evaluate(corner, dark)
        assert painted == page
    desk.press("Escape")
    desk.page.wait_for_selector(".tp-present", state="detached")
    assert desk.page.evaluate("document.activeElement.dataset.present") == ""
    assert desk.page.input_value(".tp-rate-input") == "0.5"  # as it was before


def test_the_film_is_a_film(desk):
    name, content = download(desk, "film")
    assert name == "bursts_tiny_attention_sweep.webm"
    assert content.startswith(b"\x1aE\xdf\xa3")
    assert b"A_OPUS" in content
    assert b"V_VP" in content


@pytest.mark.parametrize(
    "broken", ["AudioContext", "MediaRecorder.prototype.start", "HTMLCanvasElement.prototype.captureStream"]
)
def test_a_film_that_fails_says_so_and_may_be_tried_again(desk, broken):
    page = desk.page
    page.evaluate(f"window.whole = {broken}; {broken} = function () {{ throw new Error('no'); }}; 0")
    page.click("[data-film]")
    page.get_by_text("The film could not be made. Please try again.").wait_for()
    page.evaluate(f"{broken} = window.whole; 0")
    assert page.is_enabled("[data-film]")


def test_csv_equals_the_drop_stages(desk, exploration):
    choose(desk, 0.45)
    name, content = download(desk, "csv")
    assert name == "bursts_tiny_attention_0.45.csv"
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [int(row["patch"]) for row in rows] == list(range(PATCHES))
    drop = exploration.drop_stages("attention")[KEEP_RATES.index(0.45)]
    assert [int(row["dropped_by_block"]) for row in rows] == drop.tolist()
    for name in ("intensity", "variation"):
        assert np.allclose([float(row[name]) for row in rows], getattr(exploration, name), atol=1e-6)
    assert {(row["score"], row["keep_rate"]) for row in rows} == {("attention", "0.45")}
    chosen = {"model": "tiny", "method": "drop", "blocks": "4 7 10", "window_start_s": "1.5"}
    assert all(chosen.items() <= row.items() for row in rows)
    assert [row["start_s"] for row in rows[8:10]] == ["1.660", "1.660"]  # the excerpt begins at 1.5 s
    assert sum(int(row["padding"]) for row in rows) == 24
    assert [(float(row["low_hz"]), float(row["high_hz"])) for row in rows[:8]] == payload.row_hertz()


# -- everywhere


def test_nothing_is_requested_from_the_server_or_anyone(desk):
    desk.settle()
    before = len(desk.requests)
    open_passport(desk, 40)
    desk.page.click("[data-loop=patch]")
    desk.page.locator(".tp-what label", has_text="Removed").click()
    set_budget(desk, "60", "share")
    desk.page.click(".tp-play")
    for kind in ("png", "svg", "csv"):
        download(desk, kind)
    assert [url for url in desk.requests[before:] if not url.startswith(("blob:", "data:"))] == []
    assert desk.foreign_requests() == []
    assert desk.errors == []


def test_phone_needs_no_sideways_scroll(visit):
    phone = visit("?__theme=dark", width=390, height=844, has_touch=True, is_mobile=True)
    phone.page.tap(".tp-picture", position={"x": 120, "y": 80})
    phone.page.wait_for_selector(".tp-passport:not([hidden])")
    phone.page.tap(".tp-groups button >> nth=1")
    assert phone.page.get_attribute(".tp-groups button >> nth=1", "aria-pressed") == "true"
    check_fit(phone)
    phone.page.evaluate("document.body.classList.remove('dark')")
    phone.next_frames()
    check_fit(phone)
    assert phone.errors == []


def check_fit(phone) -> None:
    """Nothing is wider than the screen, nor too small for a finger."""
    outside = phone.page.evaluate(
        """[...document.querySelectorAll('.tp *')].filter(element => {
            const box = element.getBoundingClientRect();
            return box.width > 1 && box.right > innerWidth + 1;
        }).map(element => element.className || element.tagName)"""
    )
    assert outside == []
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = phone.page.evaluate(
        """[...document.querySelectorAll('.tp :is(button, select, .tp-segments label)')].filter(element => {
            const box = element.getBoundingClientRect();
            return box.width > 0 && (box.width < 24 || box.height < 24);
        }).map(element => element.textContent)"""
    )
    assert small == []  # WCAG 2.2: targets of 24 px at least
