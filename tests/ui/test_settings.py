"""Gradio's radio buttons, menus and progress in the look of the boards, in headless Chromium."""

from __future__ import annotations

import pytest

from tests.browser_support import click_tab
from tpexplore.checkpoints.bundled import bundled_names, example_clips

pytest_plugins = ["tests.browser_support"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not bundled_names(), reason="no model is bundled"),
    pytest.mark.skipif(not example_clips(), reason="no example clip is bundled"),
]

PATIENCE = 120_000
CHECKED = "#kendall-content input[type=radio]:checked"
LOOK = """selector => {
    const style = getComputedStyle(document.querySelector(selector));
    return ['backgroundColor', 'color', 'fontWeight'].map(name => style[name]);
}"""
SHARE = """([label, share]) => {
    document.querySelector('#compare-content').insertAdjacentHTML('beforeend', `<div class="progress-level">
        <div class="progress-level-inner">${label} - ${share.toFixed(1)}%</div>
        <div class="progress-bar-wrap" aria-label="${label}" aria-valuenow="${share}"></div>
    </div>`);
    const inner = document.querySelector('.progress-level-inner');
    const wrap = getComputedStyle(inner.nextElementSibling, '::before');
    return [inner.checkVisibility(), wrap.content];
}"""


def test_settings_look_and_work_as_those_of_the_boards(visit):
    visited = visit("")  # the fixture waits for Explore, which a link to another tab may hide first
    page = visited.page
    click_tab(page, "kendall")
    page.wait_for_selector("#kendall-intensity .js-plotly-plot", timeout=PATIENCE)

    # The arrow keys lead from one to the next, also after Gradio has renamed all of them.
    page.focus(CHECKED)
    for value in ("raw", "concordant"):
        visited.press("ArrowRight")
        page.wait_for_selector(f"{CHECKED}[value={value}]", state="attached", timeout=PATIENCE)
        page.wait_for_function(
            "value => new URLSearchParams(location.search).get('kendall.rank') === value",
            arg=value,
            timeout=PATIENCE,
        )
    page.wait_for_function(
        """() => {
            const radios = document.querySelectorAll('#kendall-content input[type=radio]');
            return new Set([...radios].map(radio => radio.name)).size === 1;
        }""",
        timeout=PATIENCE,
    )

    # The chosen one is as a board's: filled, without a circle.
    click_tab(page, "explore")
    board = page.evaluate(LOOK, ".tp-score label:has(:checked)")
    click_tab(page, "why")
    assert page.evaluate(LOOK, f"label:has(> {CHECKED})".replace("#kendall-content ", "")) == board
    assert page.locator(CHECKED).evaluate("radio => getComputedStyle(radio).opacity") == "0"

    # Gradio's "80.0%" is not seen, "80 %" is.
    click_tab(page, "compare")
    page.wait_for_selector("#compare-content .settings", timeout=PATIENCE)
    seen, content = page.evaluate(SHARE, ["Analysing", 80])
    assert not seen and content == '"Analysing: 80\u00a0%"'
    assert visited.errors == []


def test_the_place_of_a_figure_says_that_it_is_being_drawn(visit):
    visited = visit("")
    page = visited.page
    held = []
    page.route("**/PlotlyPlot*.js", lambda route: held.append(route))
    says = "() => getComputedStyle(document.querySelector('#kendall-intensity'), '::before').content"

    click_tab(page, "kendall")
    page.wait_for_selector("#kendall-intensity", timeout=PATIENCE)
    assert "Drawing the figure" in page.evaluate(says)

    while not held:
        page.wait_for_timeout(50)
    held[0].continue_()
    page.wait_for_selector("#kendall-intensity .js-plotly-plot", timeout=PATIENCE)
    assert page.evaluate(says) == "none"
