"""Back and Forward, a sound dropped on the page, quick hands: in headless Chromium."""

from __future__ import annotations

import base64
import re

import pytest

from tpexplore.checkpoints.bundled import bundled_names, example_clips

pytest_plugins = ["tests.browser_support"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not bundled_names(), reason="no model is bundled"),
    pytest.mark.skipif(len(example_clips()) < 2, reason="fewer than two example clips are bundled"),
]

DROP = """([data, name]) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const held = new DataTransfer();
    held.items.add(new File([bytes], name, { type: "audio/wav" }));
    const event = (type) => new DragEvent(type, { dataTransfer: held, bubbles: true, cancelable: true });
    const legend = document.querySelector(".tp-legend");
    return ["dragenter", "dragover", "drop"].map((type) => legend.dispatchEvent(event(type)));
}"""


PASTE = """([into, data, name, texts]) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const held = new DataTransfer();
    held.items.add(new File([bytes], name));
    for (const [type, text] of Object.entries(texts)) held.setData(type, text);
    const event = new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true });
    return document.querySelector(into).dispatchEvent(event);
}"""


def test_back_and_forward_walk_over_tabs_and_examples(visit):
    page = visit().page
    page.set_default_timeout(60_000)
    first, second = (example.title for example in example_clips()[:2])
    page.wait_for_selector(f".tp[data-clip='{first}'][data-complete=true]")
    # The address does not wait for what the tab has to compute.
    held, passing = [], []
    page.route("**/queue/join*", lambda route: route.continue_() if passing else held.append(route))
    page.click("#compare-tab-button")
    page.wait_for_url("**tab=compare*")
    passing.append(True)  # later requests are not held: nobody would release them
    for route in held:
        route.continue_()
    page.unroute("**/queue/join*")
    page.click("#explore-tab-button")
    page.wait_for_function("!location.search.includes('tab=')")
    page.click("#examples button >> nth=1")
    page.wait_for_selector(f".tp[data-clip='{second}']")
    page.wait_for_url("**example=*")
    for walk, arrived in (
        (page.go_back, f".tp[data-clip='{first}']"),
        (page.go_back, "#compare-tab-button[aria-selected=true]"),
        (page.go_forward, "#explore-tab-button[aria-selected=true]"),
    ):
        walk()
        page.wait_for_selector(arrived)
    page.go_forward()
    page.wait_for_selector(f".tp[data-clip='{second}']")
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1


def test_a_sound_dropped_anywhere_is_analysed_though_a_clip_is_there(visit):
    opened = visit()
    data = base64.b64encode(example_clips()[1].path.read_bytes()).decode()
    not_prevented = opened.page.evaluate(DROP, [data, "dropped.wav"])
    assert not_prevented == [False, False, False]  # else the browser would open the file
    opened.wait_for_clip("dropped.wav")
    opened.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    opened.page.evaluate(DROP, ["", "nothing.wav"])
    assert "nothing.wav is empty" in opened.text("#drop-problem")
    opened.page.wait_for_function("document.querySelector('#drop-problem').getBoundingClientRect().top >= 0")
    assert opened.page.get_attribute(".tp", "data-clip") == "dropped.wav"
    # A reload cannot keep it, and says so rather than swap it.
    opened.page.wait_for_function("history.state?.ownClip")
    opened.reload()
    opened.page.wait_for_selector("#drop-problem:has-text('your own sound is no longer in it')")
    assert opened.errors == []


@pytest.fixture(scope="module")
def lasting_desk(lasting_visit):
    return lasting_visit()


def test_switching_the_model_ten_times_in_three_seconds_leaves_no_error(lasting_desk):
    if len(bundled_names()) < 2:
        pytest.skip("only one model is bundled")
    for step in range(10):
        lasting_desk.choose_model(bundled_names()[step % 2])
        lasting_desk.page.wait_for_timeout(100)
    lasting_desk.settle()
    # Gradio shows what is hidden in a tab that is filled again.
    page = lasting_desk.page
    page.click("#stability-tab-button")
    page.wait_for_selector("#stability-line .about")
    about = page.inner_text("#stability-line")
    lasting_desk.choose_model(bundled_names()[0])
    page.wait_for_function("old => document.querySelector('#stability-line').innerText !== old", arg=about)
    assert not page.is_visible("#stability-starter")
    page.click("#explore-tab-button")
    lasting_desk.settle()
    assert lasting_desk.errors == []


def test_colours_of_plots_do_not_hang_on_the_address(lasting_desk):
    assert lasting_desk.page.evaluate("document.querySelector('base')") is None


def test_a_text_that_is_pasted_with_its_picture_goes_into_the_field(lasting_desk):
    page = lasting_desk.page
    page.evaluate("document.querySelector('.tp-advanced').open = true")
    assert page.evaluate(PASTE, [".tp-blocks", "AAAA", "cells.png", {"text/plain": "3, 6"}])
    assert lasting_desk.text("#drop-problem") == ""
    assert not page.inner_text(".ts-hint").startswith("Sending")


class SlowLine:
    """A slow line: a file dropped on the page stays on its way until the test releases it."""

    def __init__(self, page):
        self._page = page
        self._held: list = []
        page.route(re.compile(r"/upload\b"), lambda route: self._held.append(route))

    def drop(self, name: str):
        """Drop an example under that name; returns the route, which ``continue_`` releases."""
        count = len(self._held)
        self._page.evaluate(DROP, [base64.b64encode(example_clips()[1].path.read_bytes()).decode(), name])
        self._page.wait_for_selector(f".ts-hint:has-text('Sending {name}')")
        while len(self._held) == count:
            self._page.wait_for_timeout(50)
        return self._held[-1]


def chosen_last(page) -> list[str]:
    """What is shown according to the viewer, the bar's line on the file, and the address."""
    page.wait_for_timeout(600)  # the address changes after a delay
    return page.evaluate(
        """() => [
            document.querySelector('.tp').dataset.clip,
            document.querySelector('#ts-part').textContent,
            new URLSearchParams(location.search).get('example') ?? 'none',
        ]"""
    )


def test_a_sound_that_arrives_late_does_not_replace_what_was_chosen_since(visit):
    opened = visit()
    page = opened.page
    line = SlowLine(page)
    first, second = line.drop("first.wav"), line.drop("second.wav")
    second.continue_()
    opened.wait_for_clip("second.wav")
    first.continue_()
    opened.settle()
    assert [text[:10] for text in chosen_last(page)] == ["second.wav", "second.wav", "none"]
    # An example is chosen, or the way back is taken, while another is still on its way.
    title = example_clips()[2].title
    late = line.drop("late.wav")
    page.click("#examples button >> nth=2")
    opened.wait_for_clip(title)
    late.continue_()
    opened.settle()
    clip, part, example = chosen_last(page)
    assert (clip, part.startswith(title), example) == (title, True, example_clips()[2].path.stem)
    assert not page.inner_text(".ts-hint").startswith("Sending")
    assert opened.errors == []


def test_back_leads_to_the_person_s_own_sounds(visit):
    opened = visit()
    page = opened.page
    own = [base64.b64encode(example_clips()[index].path.read_bytes()).decode() for index in (1, 2)]
    model = next(name for name in bundled_names() if name.endswith("esc50"))

    def seen():
        opened.settle()
        clip, part, example = chosen_last(page)
        assert part.startswith(clip)
        return clip, page.eval_on_selector("#model input", "input => input.value").endswith(model), example

    first = example_clips()[0].title
    page.evaluate(DROP, [own[0], "one.wav"])
    opened.wait_for_clip("one.wav")
    steps = [(first, False, "none"), seen()]
    # Each step is an entry of its own once it is written: the address follows after a rest.
    page.wait_for_function("history.state?.ownClip")
    opened.choose_model(model)
    steps.append(seen())
    page.wait_for_url("**model=*")
    page.click("#live-tab-button")
    page.wait_for_url("**tab=live*")
    page.click("#explore-tab-button")
    page.wait_for_function("!location.search.includes('tab=')")
    before = page.evaluate("history.state.ownClip")
    page.evaluate(DROP, [own[1], "two.wav"])
    opened.wait_for_clip("two.wav")
    steps.append(seen())
    page.wait_for_function("before => history.state.ownClip !== before", arg=before)
    page.click("#examples button >> nth=1")
    opened.wait_for_clip(example_clips()[1].title)
    steps.append(seen())
    assert [step[0] for step in steps[1:4]] == ["one.wav", "one.wav", "two.wav"]
    assert [step[1] for step in steps[1:4]] == [False, True, True]

    page.go_back()
    opened.wait_for_clip("two.wav")
    assert seen() == steps[3]
    page.go_back()
    opened.wait_for_clip("one.wav")
    assert seen() == steps[2]
    page.evaluate("history.go(-3)")
    page.wait_for_function("!location.search.includes('model=')")
    assert seen() == steps[1]
    # Two steps at once, into another tab: the server is asked, and for the same sound.
    page.evaluate("history.go(2)")
    page.wait_for_selector("#live-tab-button[aria-selected=true]")
    assert seen() == steps[2]
    page.evaluate("history.go(3)")
    opened.wait_for_clip(example_clips()[1].title)
    assert seen() == steps[4]
    page.evaluate("history.go(-6)")
    opened.wait_for_clip(first)
    assert seen() == steps[0]
    # What is chosen right after Back stays.
    page.go_forward()
    opened.wait_for_clip("one.wav")
    page.evaluate("history.back()")
    page.wait_for_function("!history.state?.ownClip")
    opened.choose_model(model)
    assert seen() == (first, True, "none")
    assert opened.errors == []


def test_after_a_reload_back_says_that_the_own_sound_is_gone(visit):
    opened = visit()
    page = opened.page
    data = base64.b64encode(example_clips()[1].path.read_bytes()).decode()
    page.evaluate(DROP, [data, "one.wav"])
    opened.wait_for_clip("one.wav")
    page.wait_for_function("history.state?.ownClip")
    page.click("#examples button >> nth=2")
    opened.wait_for_clip(example_clips()[2].title)
    page.wait_for_url("**example=*")
    opened.reload()
    opened.wait_for_clip(example_clips()[2].title)
    opened.settle()
    page.go_back()
    page.wait_for_selector("#drop-problem:has-text('your own sound is no longer in it')")
    opened.wait_for_clip(example_clips()[0].title)
    page.go_forward()
    opened.wait_for_clip(example_clips()[2].title)
    assert opened.text("#drop-problem") == ""
    assert opened.errors == []


def test_a_model_chosen_while_an_example_is_on_its_way_stays(visit):
    opened = visit()
    page = opened.page
    other = next(name for name in bundled_names() if name.endswith("esc50"))
    # Nothing of the server's comes before both are chosen.
    page.evaluate("() => { document.querySelectorAll('#examples button')[1].click(); }")
    opened.choose_model(other)
    opened.wait_for_clip(example_clips()[1].title)
    opened.settle()
    assert page.eval_on_selector("#model input", "input => input.value").endswith(other)
    assert other in page.get_attribute(".tp-picture", "aria-label")
    assert opened.errors == []


def test_quick_hands_end_on_what_was_chosen_last(lasting_desk):
    page = lasting_desk.page
    models = bundled_names()
    for step in range(10):
        kind = step % 4
        if kind == 0:
            page.evaluate("n => document.querySelectorAll('#examples button')[n].click()", step % 3)
        elif kind == 1:
            lasting_desk.choose_model(models[step % len(models)])
        elif kind == 2:
            page.evaluate("n => document.querySelectorAll('.tp-score input')[n].click()", step % 3)
        else:
            tab = ["compare", "removal", "explore"][step % 3]
            page.evaluate("tab => document.querySelector(`#${tab}-tab-button`).click()", tab)
        page.wait_for_timeout(250)
    page.evaluate("document.querySelector('#explore-tab-button').click()")
    last = example_clips()[8 % 3].title
    lasting_desk.wait_for_clip(last)
    lasting_desk.settle()
    assert chosen_last(page)[:2] == [last, page.inner_text("#ts-part")]
    assert page.inner_text("#ts-part").startswith(last)
    page.go_back()
    lasting_desk.settle()
    page.go_forward()
    lasting_desk.wait_for_clip(last)
    lasting_desk.settle()
    assert chosen_last(page)[0] == last
    assert lasting_desk.errors == []


def test_a_sound_dropped_on_a_presentation_is_presented(visit):
    opened = visit()
    page = opened.page
    page.emulate_media(reduced_motion="reduce")  # it stands still, as if paused
    page.click("[data-present]")
    label = page.get_attribute(".tp-scene", "aria-label")
    before = page.eval_on_selector(".tp-scene", "canvas => canvas.toDataURL()")
    data = base64.b64encode(example_clips()[1].path.read_bytes()).decode()
    page.evaluate(DROP, [data, "dropped.wav"])
    opened.wait_for_clip("dropped.wav")
    opened.next_frames()
    assert page.eval_on_selector(".tp-scene", "canvas => canvas.toDataURL()") != before
    assert page.get_attribute(".tp-scene", "aria-label") != label
    page.evaluate(PASTE, [".tp-present", data, "pasted.wav", {}])
    opened.wait_for_clip("pasted.wav")
    page.evaluate(DROP, ["", "nothing.wav"])
    page.wait_for_selector(".tp-present .tp-help:has-text('nothing.wav is empty')")
    # Back leads to where it was opened from: nothing is left over the page.
    page.keyboard.press("Escape")
    page.wait_for_selector(".tp-present", state="detached")
    page.click("#compare-tab-button")
    page.wait_for_url("**tab=compare*")
    page.click("#explore-tab-button")
    page.wait_for_function("!location.search.includes('tab=')")
    page.click("[data-present]")
    page.go_back()
    page.wait_for_selector(".tp-present", state="detached")
    assert page.evaluate("document.fullscreenElement") is None
    opened.settle()
    assert opened.errors == []
