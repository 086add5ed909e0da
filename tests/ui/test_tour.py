"""The tour of five steps, as a first-time visitor meets it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tpexplore.checkpoints.bundled import bundled_names, example_clips
from tpexplore.ui.tour import STEPS, Step

pytest_plugins = ["tests.browser_support"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not bundled_names(), reason="no model is bundled"),
    pytest.mark.skipif(not example_clips(), reason="no example clip is bundled"),
]

MOST_WORDS = 30
CARD, NEXT, BACK, SKIP, START = (
    "#tour",
    "#tour [data-tour=next]",
    "#tour [data-tour=back]",
    "#tour [data-tour=skip]",
    "#tour-start",
)
NO_STORAGE = """Object.defineProperty(window, 'localStorage', {
    get() { throw new DOMException('The document is sandboxed.', 'SecurityError'); },
});"""


@pytest.fixture
def newcomer(windows, app_url):
    """Open the app in a browser that has never visited it: ``newcomer(query="", script="", **options)``."""
    from tests.browser_support import Visit

    with ExitStack() as pages:

        def open_app(query: str = "", script: str = "", **options):
            page = pages.enter_context(windows.page(app_url, **{"reduced_motion": "reduce", **options}))
            if script:
                page.add_init_script(script)
            opened = Visit(page)
            page.goto(app_url + query)
            page.wait_for_selector(".tp-kept li", timeout=30_000)
            return opened

        yield open_app


def wait_for_step(visited, number: int) -> None:
    visited.page.wait_for_selector(f"#tour [data-tour=count]:text-is('Step {number} of {len(STEPS)}')")


def lit(visited) -> list[list[str]]:
    """Of every ringed element, the selectors of all steps that it matches."""
    selectors = [selector for step in STEPS for selector in step.shows]
    return visited.page.evaluate(
        """selectors => [...document.querySelectorAll('[data-tour-ring]')].map(
            element => selectors.filter(selector => element.matches(selector))
        )""",
        selectors,
    )


def boxes(visited, step: Step) -> list[dict]:
    """Boxes, in the window, of the card and of the elements that it explains."""
    return visited.page.evaluate(
        "shown => shown.map(one => document.querySelector(one).getBoundingClientRect().toJSON())",
        [CARD, *step.shows],
    )


def share_covered(card: dict, box: dict) -> float:
    width = min(card["right"], box["right"]) - max(card["left"], box["left"])
    height = min(card["bottom"], box["bottom"]) - max(card["top"], box["top"])
    return max(0, width) * max(0, height) / (box["width"] * box["height"])


def focus(visited) -> str:
    return visited.page.evaluate(
        "(document.activeElement.dataset.tour || document.activeElement.id || document.activeElement.tagName)"
    )


def test_every_text_is_short():
    assert len(STEPS) == 5
    for step in STEPS:
        assert 8 <= len(step.text.split()) <= MOST_WORDS, step.title


def test_first_visit_goes_through_five_steps_and_the_second_has_none(newcomer):
    desk = newcomer()
    wait_for_step(desk, 1)
    # It opened by itself, without moving the focus or scrolling.
    assert focus(desk) == "BODY"
    assert desk.page.evaluate("scrollY") == 0
    assert not desk.page.is_visible(BACK)
    for number, step in enumerate(STEPS, start=1):
        wait_for_step(desk, number)
        assert desk.text("#tour-title") == step.title
        assert desk.text("#tour-text") == step.text
        assert lit(desk) == [[selector] for selector in sorted(step.shows, key=order_on(desk))]
        card, *explained = boxes(desk, step)
        assert card["left"] >= 0 and card["top"] >= 0 and card["right"] <= 1280 and card["bottom"] <= 900
        assert [share_covered(card, box) for box in explained] == [0.0] * len(step.shows)
        assert all(box["top"] >= 0 and box["bottom"] <= 900 for box in explained)
        desk.page.click(NEXT)
    assert not desk.page.is_visible(CARD)
    assert lit(desk) == []
    assert desk.errors == []
    assert desk.foreign_requests() == []
    desk.reload()
    desk.settle()
    assert not desk.page.is_visible(CARD)
    # The button in the header starts it again, here from another tab.
    desk.page.click("#paper-tab-button")
    desk.page.wait_for_selector("#viewer", state="hidden")
    desk.page.click(START)
    wait_for_step(desk, 1)
    assert desk.page.is_visible("#viewer .tp-clip")
    assert focus(desk) == "next"
    desk.page.click(SKIP)
    assert not desk.page.is_visible(CARD)
    assert focus(desk) == "tour-start"


def order_on(visited):
    """Key that sorts selectors as their elements stand on the page."""
    places = visited.page.evaluate(
        """selectors => {
            const all = [...document.querySelectorAll('*')];
            return Object.fromEntries(selectors.map(s => [s, all.indexOf(document.querySelector(s))]));
        }""",
        [selector for step in STEPS for selector in step.shows],
    )
    return places.__getitem__


def test_the_page_can_be_used_during_the_tour_and_does_what_step_three_says(newcomer):
    desk = newcomer()
    wait_for_step(desk, 1)
    desk.page.click(NEXT)
    desk.page.click(NEXT)
    wait_for_step(desk, 3)
    track = desk.page.locator(".tp-rate-input").bounding_box()
    y = track["y"] + track["height"] / 2
    desk.page.mouse.move(track["x"] + track["width"] * 0.28, y)
    desk.page.mouse.down()
    desk.page.mouse.move(track["x"] + 4, y, steps=5)
    desk.page.mouse.up()
    desk.next_frames()
    assert desk.text("[data-out=rate]") == "30\u00a0%"
    wait_for_step(desk, 3)
    desk.page.click("#examples button >> nth=1")
    desk.wait_for_clip(example_clips()[1].title)
    desk.page.locator("#viewer .tp-score label:has(input[value=intensity])").click()
    wait_for_step(desk, 3)
    assert desk.errors == []


def test_another_tab_ends_the_tour_and_the_button_starts_it_again(newcomer):
    desk = newcomer()
    wait_for_step(desk, 1)
    desk.page.get_by_role("tab", name="Why", exact=True).click()
    desk.page.wait_for_selector(CARD, state="hidden")
    assert lit(desk) == []
    desk.page.click(START)
    wait_for_step(desk, 1)
    assert desk.page.locator("#viewer .tp-head").is_visible()
    assert desk.errors == []


def test_keyboard_alone(newcomer):
    desk = newcomer()
    wait_for_step(desk, 1)
    page = desk.page
    assert page.get_attribute(CARD, "role") == "dialog"
    assert page.get_attribute(CARD, "aria-modal") is None
    assert page.evaluate("document.querySelector('#tour-text').closest('[aria-live=polite]') !== null")
    # From the top of the page: the buttons in the header, then the card, then the rest.
    desk.press("Tab", times=2)
    assert focus(desk) == "tour-start"
    desk.press("Tab")
    assert focus(desk) == "next"
    desk.press("Enter")
    wait_for_step(desk, 2)
    desk.press("Tab")
    assert focus(desk) == "back"
    desk.press("Enter")
    wait_for_step(desk, 1)
    assert focus(desk) == "next"  # "Back" is gone
    desk.press("Tab", times=2)
    assert not page.evaluate("document.querySelector('#tour').contains(document.activeElement)")  # no trap
    # Escape closes it from anywhere and leaves the focus where it is.
    elsewhere = focus(desk)
    desk.press("Escape")
    assert not page.is_visible(CARD)
    assert focus(desk) == elsewhere
    # Started by the button, the focus is in the card, and returns to the button.
    page.focus(START)
    desk.press("Enter")
    wait_for_step(desk, 1)
    assert focus(desk) == "next"
    desk.press("Enter", times=2)
    wait_for_step(desk, 3)
    desk.press("Escape")
    assert focus(desk) == "tour-start"
    assert lit(desk) == []
    assert desk.errors == []


def test_a_link_opens_without_the_tour(newcomer):
    desk = newcomer("?keep-rate=0.4")
    desk.settle()
    assert not desk.page.is_visible(CARD)


def test_a_browser_that_remembers_nothing(newcomer):
    desk = newcomer(script=NO_STORAGE)
    wait_for_step(desk, 1)
    desk.page.click(SKIP)
    assert not desk.page.is_visible(CARD)
    assert desk.errors == []


def test_phone(newcomer):
    phone = newcomer("?__theme=dark", width=390, height=844, has_touch=True, is_mobile=True)
    wait_for_step(phone, 1)
    assert phone.page.evaluate("scrollY") == 0
    go_through_on(phone)
    phone.page.evaluate("document.body.classList.remove('dark')")
    phone.page.tap(START)
    go_through_on(phone)
    assert phone.errors == []


def go_through_on(phone) -> None:
    """All steps, each beside the elements that it explains and large enough for a finger."""
    for number, step in enumerate(STEPS, start=1):
        wait_for_step(phone, number)
        phone.next_frames()
        card, first, *others = boxes(phone, step)
        assert card["left"] >= 0 and card["top"] >= 0 and card["right"] <= 390 and card["bottom"] <= 844
        # Cards below each other are more than a phone can show: the first is in sight, the others below.
        assert first["top"] >= 0 and first["bottom"] <= 844
        assert [share_covered(card, box) for box in (first, *others)] == [0.0] * (1 + len(others))
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        small = phone.page.evaluate(
            """[...document.querySelectorAll('#tour button')].filter(button => {
                const box = button.getBoundingClientRect();
                return box.width > 0 && (box.width < 24 || box.height < 24);
            }).length"""
        )
        assert small == 0
        phone.page.tap(NEXT)
    assert not phone.page.is_visible(CARD)
