"""Back and Forward, a sound dropped on the page, quick hands: in headless Chromium."""

from __future__ import annotations

import base64

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


def test_back_and_forward_walk_over_tabs_and_examples(visit):
    page = visit().page
    page.set_default_timeout(60_000)
    first, second = (example.title for example in example_clips()[:2])
    page.wait_for_selector(f".tp[data-clip='{first}'][data-complete=true]")
    # The address does not wait for what the tab has to compute.
    held = []
    page.route("**/queue/join*", lambda route: held.append(route))
    page.click("#compare-tab-button")
    page.wait_for_url("**tab=compare*")
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
    opened.page.evaluate(DROP, ["", "nothing.wav"])
    assert "nothing.wav is empty" in opened.text("#drop-problem")
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
