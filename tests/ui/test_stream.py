"""Results that arrive in parts, in headless Chromium: nearest first, and nothing left running."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
import torch

from tests.browser_support import next_frames, set_rate, wait_until
from tests.conftest import tiny_config
from tpexplore import ui
from tpexplore.checkpoints.bundled import example_clips
from tpexplore.model.plan import KEEP_RATES, SCORES
from tpexplore.model.vit import AudioViT
from tpexplore.study.exploration import Exploration
from tpexplore.study.sweep import explore, explore_steps
from tpexplore.ui import analysis, payload, viewer

pytest_plugins = ["tests.browser_support"]
pytestmark = pytest.mark.browser

PASSES = 1 + len(SCORES) * (len(KEEP_RATES) - 1)
STEP_SECONDS = 0.15


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    at = np.arange(16_000) / 16_000
    return (0.5 * np.sin(2 * np.pi * (300 * at + 900 * at**2))).astype(np.float32)


@pytest.fixture(scope="module")
def exploration(clip) -> Exploration:
    """Of a random model whose answer depends on what it keeps."""
    torch.manual_seed(5)
    model = AudioViT(replace(tiny_config("ast", classes=12), name="tiny")).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2)
        logits = [p.logits for points in explore(model, clip).points.values() for p in points]
        model.head[1].bias -= torch.tensor(np.mean(logits, axis=0))
    return explore(model, clip)


def part(exploration: Exploration, score: str, rates: list[float]) -> Exploration:
    points = tuple(point for point in exploration.points[score] if point.keep_rate in rates)
    return replace(exploration, points={score: points})


@pytest.fixture(scope="module")
def gates() -> list[threading.Event]:
    return [threading.Event(), threading.Event()]


@pytest.fixture(scope="module")
def app_url(exploration, clip, gates):
    """A viewer, empty at first, that is filled in three parts when the gates open."""
    rest = [rate for rate in KEEP_RATES if rate not in (0.6, 1.0)]
    parts = [
        part(exploration, "variation", [0.6, 1.0]),
        part(exploration, "variation", rest),
        replace(
            exploration, points={score: exploration.points[score] for score in ("attention", "intensity")}
        ),
    ]

    def answer():
        first = payload.build_payload(parts[0], samples=clip, name="sweep", rates=KEEP_RATES)
        messages = [first, *(payload.build_part(later) for later in parts[1:])]
        for value, gate in zip(viewer.encode(messages), [None, *gates], strict=True):
            if gate:
                gate.wait(20)
            yield value

    with gr.Blocks(analytics_enabled=False) as demo:
        shown = viewer.create_viewer([])
        gr.Button("Go", elem_id="go").click(answer, outputs=shown)
    _, url, _ = demo.launch(
        quiet=True, prevent_thread_lock=True, ssr_mode=False, footer_links=[], **ui.page_options()
    )
    yield url
    demo.close()


def test_the_nearest_pass_is_shown_until_the_chosen_one_arrives(browser, app_url, exploration, gates):
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: line.type == "error" and errors.append(line.text))
    page.goto(app_url)
    page.click("#go")
    page.wait_for_selector(".tp[data-complete=false]")

    def kept() -> list[int]:
        return [int(item.get_attribute("data-kept")) for item in page.locator(".tp-kept li").all()]

    def expected(score: str, rate: float) -> list[int]:
        (point,) = (point for point in exploration.points[score] if point.keep_rate == rate)
        return [len(ids) for ids in point.kept.values()]

    # The score requested before is not the one that has arrived.
    assert page.is_checked(".tp-score input[value=variation]")
    assert page.is_disabled(".tp-score input[value=attention]")
    set_rate(page, 0.35)
    assert kept() == expected("variation", 0.6)
    assert page.locator("[data-out=rate]").inner_text() == "60\u00a0%"
    assert "being computed" in page.locator("[data-out=flips]").inner_text()

    gates[0].set()
    page.wait_for_function("document.querySelector('[data-out=rate]').textContent === '35\u00a0%'")
    assert kept() == expected("variation", 0.35)
    assert "being computed" not in page.locator("[data-out=flips]").inner_text()
    for flip in exploration.flips("variation"):
        below = f"elow {100 * flip + 5:.0f}\u00a0% "
        assert below in page.locator("[data-out=flips]").inner_text()

    gates[1].set()
    page.wait_for_selector(".tp[data-complete=true]")
    page.wait_for_selector(".tp-score input[value=attention]:enabled", state="attached")
    page.locator(".tp-score label", has_text="Attention").click()
    next_frames(page)
    assert kept() == expected("attention", 0.35)
    assert errors == []
    page.close()


# -- the whole app, slowed down


class Steps:
    """Counts the passes of every analysis, and slows them down."""

    def __init__(self, seconds: float = STEP_SECONDS):
        self.seconds = seconds
        self.counts: list[int] = []
        self.latest = time.monotonic()

    def seconds_at_rest(self) -> float:
        return time.monotonic() - self.latest

    def __call__(self, *args, **kwargs):
        self.counts.append(0)
        which = len(self.counts) - 1
        for step in explore_steps(*args, **kwargs):
            self.counts[which] += 1
            self.latest = time.monotonic()
            yield step
            time.sleep(self.seconds)


@pytest.fixture
def slow_app(monkeypatch):
    """Address of the app, whose analyses take seconds, and what they did."""
    demo = ui.build()
    steps = Steps()
    monkeypatch.setattr(analysis, "explore_steps", steps)
    _, url, _ = demo.launch(
        quiet=True, prevent_thread_lock=True, ssr_mode=False, footer_links=[], **ui.page_options()
    )
    yield url, steps
    demo.close()


def test_another_choice_and_a_closed_page_stop_what_runs(browser, slow_app):
    url, steps = slow_app
    page = browser.new_page()
    page.goto(url)
    page.wait_for_selector(".tp[data-complete=true]")
    titles = [example.title for example in example_clips()]
    buttons = page.locator("#examples button")
    buttons.nth(1).click()
    page.wait_for_selector(f".tp[data-clip='{titles[1]}'][data-complete=false]")
    buttons.nth(2).click()
    page.wait_for_selector(f".tp[data-clip='{titles[2]}'][data-complete=false]")
    stopped = steps.counts[0]
    assert len(steps.counts) == 2 and stopped < PASSES / 2

    page.close()
    # Gradio notices that within its heartbeat; then everything stops.
    assert wait_until(lambda: steps.seconds_at_rest() > 10 * STEP_SECONDS)
    assert steps.counts[0] <= stopped + 1 and steps.counts[1] < PASSES / 2


def test_a_full_queue_says_that_the_app_is_busy(browser, monkeypatch):
    monkeypatch.setattr(ui, "QUEUE", 1)
    demo = ui.build()
    steps = Steps(seconds=1)  # the first analysis is still running when the others ask
    monkeypatch.setattr(analysis, "explore_steps", steps)
    _, url, _ = demo.launch(
        quiet=True, prevent_thread_lock=True, ssr_mode=False, footer_links=[], **ui.page_options()
    )
    contexts = [browser.new_context() for _ in range(3)]
    first, *others = pages = [context.new_page() for context in contexts]
    for page in pages:
        page.goto(url)
        page.wait_for_selector(".tp[data-complete=true]")
    for page in pages:
        page.locator("#examples button").nth(1).click()
        assert wait_until(lambda: steps.counts)
    # One place for two; a choice is two events, so the other page's second event may be the one too many.
    toasts = [page.locator(".toast-body") for page in others]
    assert wait_until(lambda: any(toast.count() for toast in toasts))
    texts = [text for toast in toasts for text in toast.all_inner_texts()]
    assert texts and all("currently busy" in text for text in texts)
    assert first.locator(".toast-body").count() == 0
    for context in contexts:
        context.close()
    demo.close()
