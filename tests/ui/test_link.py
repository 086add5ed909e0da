"""Links to the current view: what they restore, how they report unknown parts, and what they cost."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import gradio as gr
import numpy as np
import pytest

import tpexplore as tpx
from tests.ui.test_browser import write_sweep
from tests.ui.test_tabs import fake_tab
from tpexplore.checkpoints.bundled import EXAMPLES_FOLDER, bundled_card, bundled_names, example_clips
from tpexplore.model.plan import keep_plan
from tpexplore.signal.excerpt import Excerpt
from tpexplore.study.sweep import explore
from tpexplore.ui import controls, link
from tpexplore.ui import page as page_module
from tpexplore.ui.choices import ModelChoice, model_choices
from tpexplore.ui.page import Page
from tpexplore.ui.pane import Pane
from tpexplore.ui.tab_list import places
from tpexplore.ui.tabs import Setting

if TYPE_CHECKING:
    from tests.browser_support import Visit

pytest_plugins = ["tests.browser_support"]

CHOICES = [ModelChoice("own.pth", "/home/ann/own.pth", 512), ModelChoice("AST · ast-a", "ast-a")]
TABS = ["explore", "kendall"]
with gr.Blocks():
    SETTINGS = {
        "kendall.rank": Setting.of(gr.Radio([("By cluster", "clusters"), ("Exact", "raw")])),
        "kendall.rate": Setting.of(gr.Slider(0.3, 1, 0.5)),
        "kendall.sound": Setting.of(gr.Checkbox(False)),
        "kendall.mask": Setting(pattern="[a-c]{2}"),
    }
OTHER = "audiomae-spc12"
SHORT, LONG = "zero", "one-five-zero"


# -- what the server makes of a link


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            {"example": SHORT, "model": "ast-a", "start": 0.5, "tab": "kendall"},
            (SHORT, "ast-a", 0.5, "kendall"),
        ),
        ({"model": "own.pth", "start": 0}, (None, "/home/ann/own.pth", 0.0, "explore")),
        # Only known names lead to a file or a model.
        (
            {"example": "../../etc/passwd", "model": "/home/ann/own.pth"},
            (None, CHOICES[0].source, None, None),
        ),
        ({"example": ["zero"], "model": {}, "start": "1", "tab": 7}, (None, CHOICES[0].source, None, None)),
        ({"start": float("nan")}, (None, CHOICES[0].source, None, None)),
        ({"start": -1}, (None, CHOICES[0].source, None, None)),
        ({"start": 10**400}, (None, CHOICES[0].source, None, None)),  # as JSON may have it; no float holds it
        ({"start": True}, (None, CHOICES[0].source, None, None)),
        ("zero", (None, CHOICES[0].source, None, None)),
    ],
)
def test_only_known_names_are_followed(query, expected):
    example, source, start, tab = expected
    place = link.read_place(query, CHOICES, example_clips(), TABS, SETTINGS)
    path = EXAMPLES_FOLDER / f"{example}.wav" if example else example_clips()[0].path
    assert place == link.Place(str(path), source, start, tab or "explore")


def test_a_person_s_own_clip_and_model_are_not_among_those_offered():
    query = {"example": None, "model": None, "tab": "kendall"}
    place = link.read_place(query, CHOICES, example_clips(), TABS, SETTINGS)
    assert (place.path, place.source, place.tab) == (None, None, "kendall")


def test_without_models_and_examples_a_link_leads_nowhere():
    assert link.read_place({"tab": "kendall"}, [], [], TABS, {}) == link.Place(None, None, None, "kendall")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("rank", "raw", "raw"),
        ("rank", "Exact", None),
        ("rate", "0.35", 0.35),
        ("rate", ".5", 0.5),
        ("rate", "0.29", None),
        ("rate", "1e-1", None),
        ("rate", "nan", None),
        ("rate", "０.５", None),  # digits that JavaScript does not read
        ("rate", 0.5, None),
        ("sound", "yes", True),
        ("sound", "no", False),
        ("sound", "True", None),
        ("sound", ["yes"], None),
        ("mask", "ab", "ab"),
        ("mask", "abc", None),
        ("mask", "ab\n", None),
    ],
)
def test_settings_are_read_by_their_names(name, text, value):
    assert SETTINGS[f"kendall.{name}"].read(text) == value
    place = link.read_place({"settings": {f"kendall.{name}": text, "other": text}}, [], [], TABS, SETTINGS)
    # The server ignores settings that only the browser uses.
    known = {f"kendall.{name}": value} if value is not None and name != "mask" else {}
    assert place.settings == known


def test_every_setting_of_every_tab_has_a_name_in_a_link():
    with gr.Blocks():
        tabs = [module.build(model_choices()) for module in places().values()]
    for tab in tabs:
        named = {setting.component for setting in tab.link.values()}
        assert {component for component in tab.inputs if component not in tab.read} <= named
        for setting in tab.link.values():
            if setting.component is not None and setting.values is not None:
                assert setting.component.value in setting.values.values()


def test_the_page_gets_no_more_of_a_checkpoint_than_its_menu_shows():
    known = json.loads(
        link.create_link(CHOICES, example_clips(), link.TabNames(TABS), SETTINGS, {}).props["known"]
    )
    assert known["models"] == {"own.pth": "/home/ann/own.pth", "ast-a": "ast-a"}
    assert known["examples"][LONG]["seconds"] == pytest.approx(3.6, abs=0.1)


def test_a_model_without_an_example_means_one_that_it_knows():
    examples = {example.path.stem: example for example in example_clips()}
    fitting = link.fitting_examples([*model_choices(), CHOICES[0]], list(examples.values()))
    assert set(fitting) <= set(bundled_names())
    spoken = [name for name in bundled_names() if "spc12" in name or "speaker" in name]
    for name, example in fitting.items():
        if name in spoken:
            assert link.SPOKEN in examples[example].labels
        else:
            assert examples[example].fits(bundled_card(name))
    assert set(spoken) <= set(fitting)


@pytest.mark.parametrize("tab", ["first", "second"])
@pytest.mark.parametrize("opened_first", [True, False])
def test_a_linked_tab_is_filled_once(monkeypatch, tab, opened_first):
    calls: list = []
    monkeypatch.setattr(
        page_module, "example_clips", lambda: [replace(example_clips()[0], path=Path("a.wav"))]
    )
    monkeypatch.setattr(page_module, "excerpt_of", lambda *_: Excerpt(np.zeros(1), 0.0, (), longer=False))
    choices = [ModelChoice("One", "one"), ModelChoice("Two", "two")]
    with gr.Blocks():
        with gr.Tabs() as tabs:
            panes = [Pane(name, name, fake_tab(calls, name), choices) for name in ("first", "second")]
        built = Page(tabs, panes, controls.build(choices, [], ""), choices)
    event = SimpleNamespace(_data={"example": "a", "model": "two", "start": 0.5, "tab": tab})
    opened = built.on_link(None, None, {}, {}, event)
    request = [opened[component] for component in built.chosen.request]
    open_id, shown = opened[built.open], opened[built.shown]
    assert (request, open_id) == (["a.wav", "two", 0.5], tab)
    assert opened[built.request_number] != built.on_link(None, None, {}, {}, event)[built.request_number]
    own = built.on_link(
        "mine.wav", "one", {}, {}, SimpleNamespace(_data={**event._data, "example": None, "model": None})
    )
    assert [own[component] for component in built.chosen.request] == ["mine.wav", "one", 0.5]
    # The browser requests the clip and reports that another tab was opened, in either order.
    if tab == "second" and opened_first:
        list(built.on_open(tab, *request, shown, 0))
    *_, filled = built.on_change(*request, shown, open_id, 0, 0)
    list(built.on_open(tab, *request, filled[built.shown], 0))
    assert calls == [(tab, "a.wav", "two", 0)]


# -- as a person meets it, in headless Chromium

browser_test = [
    pytest.mark.browser,
    pytest.mark.skipif(OTHER not in bundled_names(), reason="the models are not bundled"),
    pytest.mark.skipif(not example_clips(), reason="no example clip is bundled"),
]


def in_browser(test):
    for mark in browser_test:
        test = mark(test)
    return test


@pytest.fixture
def opened(browser, app_url):
    """Open a link: ``opened(query, clip)``; waits for the clip's whole analysis.

    In a context of its own: with scripts from the browser's cache Gradio now and then says that the page's
    first tab was selected, and what a link opened in it may close.
    """
    from tests.browser_support import Visit, skip_tour

    with ExitStack() as contexts:

        def open_link(query: str = "", clip: str | None = None, **options) -> Visit:
            context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
            contexts.callback(context.close)
            skip_tour(context)
            page = context.new_page()
            visit = Visit(page)
            page.goto(app_url + query)
            named = f"[data-clip='{clip}']" if clip else "[data-clip]"
            page.wait_for_selector(f".tp{named}[data-complete=true]", state="attached", timeout=30_000)
            page.wait_for_selector(".tp[aria-busy=false]", state="attached", timeout=30_000)
            return visit

        yield open_link


def title_of(name: str) -> str:
    return next(example.title for example in example_clips() if example.path.stem == name)


def query_of(visit) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(visit.page.url).query))


def wait_for_query(visit, **expected) -> None:
    """Wait until the address names exactly this."""
    from playwright.sync_api import TimeoutError as NotReached

    target = {name.replace("keep_rate", "keep-rate"): value for name, value in expected.items() if value}
    try:
        visit.page.wait_for_function(
            """expected => {
                const sorted = (entries) => JSON.stringify([...entries].sort());
                return sorted(new URLSearchParams(location.search)) === sorted(Object.entries(expected));
            }""",
            arg=target,
            timeout=30_000,
        )
    except NotReached:
        pytest.fail(
            f"{target} is expected; the address is {visit.page.url}, on the page is {shown_parts(visit)}"
        )


def shown_parts(visit) -> SimpleNamespace:
    """The parts of the link as the page shows them."""
    page = visit.page
    checked = (
        "[...document.querySelectorAll(':is(.tp-score, .tp-what, .tp-after) input:checked')].map("
        "radio => radio.value)"
    )
    passport = page.locator(".tp-passport h3")
    return SimpleNamespace(
        tab=page.locator("[role=tab][aria-selected=true]:visible").last.inner_text(),
        clip=page.get_attribute(".tp", "data-clip"),
        model=page.text_content("#menu [data-out=hint]").split(":")[0],
        choices=page.evaluate(checked),
        rate=page.input_value(".tp-rate-input"),
        start=page.input_value(".ts-start") if page.locator(".ts-loudest").is_visible() else "",
        passport=passport.inner_text() if passport.is_visible() else "",
    )


def queued_requests(visit) -> list[dict]:
    """Computations that the page requested."""
    return visit.queued


def wait_for_problem(visit, sentence: str) -> None:
    """Wait until the page shows this sentence about the link."""
    visit.page.wait_for_function(
        "sentence => document.querySelector('#link-problem').textContent === sentence", arg=sentence
    )


def problem(visit) -> str:
    return visit.page.locator("#link-problem").text_content()


@in_browser
def test_a_link_restores_what_was_seen(opened):
    query = f"?example={SHORT}&model={OTHER}&score=intensity&keep-rate=0.35&listen=removed&stage=7&patch=12"
    visit = opened(query, title_of(SHORT))
    visit.page.wait_for_selector(".tp-passport:not([hidden])")  # opened once the picture is whole
    here = shown_parts(visit)
    assert (here.tab, here.clip, here.model) == ("Explore", title_of(SHORT), OTHER)
    assert here.choices == ["intensity", "removed", "7"]
    assert (here.rate, here.passport) == ("0.35", "Patch 12")
    assert visit.page.locator(".tp-after").is_enabled()
    # It is analysed, not only named: the answer is the library's.
    model = tpx.load_model(OTHER)
    samples = tpx.load_audio(EXAMPLES_FOLDER / f"{SHORT}.wav", duration=model.config.seconds)
    (point,) = explore(model, samples, keep_rates=(0.35,), scores=("intensity",)).points["intensity"]
    assert model.config.labels[point.answer] in visit.text("[data-out=summary]")
    assert visit.kept() == [len(ids) for ids in point.kept.values()]
    visit.settle()
    # One request for the link, one analysis in two events.
    assert len(queued_requests(visit)) == 3
    assert urlsplit(visit.page.url).query == query[1:]
    assert problem(visit) == ""
    assert visit.errors == []


@in_browser
def test_the_page_s_initial_analysis_is_not_repeated(opened):
    first, model = example_clips()[0].path.stem, bundled_names()[0]
    visit = opened(f"?example={first}&model={model}&score=variation&keep-rate=0.8&patch=9")
    assert visit.kept() == list(keep_plan(0.8, bundled_card(model)["patches"]).values())
    assert shown_parts(visit).passport == "Patch 9"
    visit.settle()
    assert queued_requests(visit) == []
    # Default values leave the address once it is rewritten.
    visit.page.focus(".tp-rate-input")
    visit.press("ArrowLeft")
    wait_for_query(visit, score="variation", keep_rate="0.75", patch="9")


@in_browser
def test_another_tab_is_filled_once_and_the_viewer_when_it_opens(opened):
    visit = opened(f"?example={LONG}&start=1.5&model={OTHER}&keep-rate=0.4&patch=3&tab=kendall")
    visit.page.wait_for_selector("#kendall-intensity .main-svg", state="attached", timeout=60_000)
    assert visit.text("#kendall-line") == f"{title_of(LONG)} · AudioMAE · {OTHER}"
    assert shown_parts(visit).tab == "Ranking"
    assert shown_parts(visit).start == "1.5"
    visit.settle()
    wait_for_query(visit, example=LONG, start="1.5", model=OTHER, keep_rate="0.4", patch="3", tab="kendall")
    visit.page.click("#explore-tab-button")
    visit.wait_for_clip(title_of(LONG))
    assert "(1.50 to " in visit.text(".tp-clip")
    assert (shown_parts(visit).rate, shown_parts(visit).passport) == ("0.4", "Patch 3")
    wait_for_query(visit, example=LONG, start="1.5", model=OTHER, keep_rate="0.4", patch="3")
    assert visit.errors == []


@in_browser
def test_bad_values_are_named_and_the_rest_is_opened(opened):
    script = "<img src=x onerror='window.broken = true'>"
    ignored = "Ignored unknown settings in the link:"
    queries = {
        f"?model=nope&keep-rate=abc&tab={script}&score=intensity": (
            f"{ignored} model “nope”, keep-rate “abc” and tab “{script[:40]}…”."
        ),
        "?patch=256&start=99&stage=5&listen=all&example=constructor&keep-rate=5&score=intensity&logs=build": (
            f"{ignored} example “constructor”, start “99”, keep-rate “5”, listen “all”, stage “5”"
            " and patch “256”."
        ),
    }
    for query, sentence in queries.items():
        visit = opened(query)
        wait_for_problem(visit, sentence)
        visit.settle()
        here = shown_parts(visit)
        assert (here.clip, here.model) == (example_clips()[0].title, bundled_names()[0])
        assert (here.tab, here.rate, here.passport) == ("Explore", "0.5", "")
        assert here.choices == ["intensity", "original", "4"]
        assert queued_requests(visit) == []
        assert visit.page.evaluate("window.broken") is None
        assert visit.errors == []
    # The first change corrects the address and clears the message; parts that are not the page's stay.
    visit.page.locator(".tp-score label:has(input[value=variation])").click()
    wait_for_query(visit, score="variation", logs="build")
    assert problem(visit) == ""
    assert not visit.page.locator("#link-problem").is_visible()


@in_browser
def test_the_address_follows_and_a_person_s_own_sound_stays_with_them(opened, tmp_path):
    visit = opened()
    page = visit.page
    visit.settle()
    assert queued_requests(visit) == []  # it opens with what it was built with
    before = len(visit.requests)
    page.focus(".tp-rate-input")
    visit.press("ArrowRight", times=3)
    page.locator(".tp-what label:has(input[value=kept])").click()
    page.locator(".tp-after label:has(input[value='10'])").click()
    page.focus(".tp-picture")
    visit.press("ArrowRight", times=2)
    visit.press("Enter")
    wait_for_query(visit, keep_rate="0.65", listen="kept", stage="10", patch="8")
    visit.press("Escape")
    wait_for_query(visit, keep_rate="0.65", listen="kept", stage="10")
    sound = [url for url in visit.requests[before:] if url.endswith(".pcm")]
    assert visit.requests[before:] == sound and len(sound) == 1  # once, to be heard
    assert page.evaluate("history.length") == 2  # about:blank and this: Back leaves the page
    page.click(f"#examples button:has-text('{title_of(LONG)}')")
    visit.wait_for_clip(title_of(LONG))
    visit.move_window(0.7)
    # The example brought a model that knows its words.
    parts = {"model": "ast-spc12", "keep_rate": "0.65", "listen": "kept", "stage": "10"}
    wait_for_query(visit, example=LONG, start="0.7", **parts)
    page.wait_for_function("document.querySelector('.tp-clip').textContent.includes('(0.70 to ')")
    page.click("#stability-tab-button")
    wait_for_query(visit, example=LONG, start="0.7", **parts, tab="stability")
    link_there = page.url
    page.click("#explore-tab-button")
    visit.upload(write_sweep(tmp_path / "secret.wav"))
    visit.wait_for_clip("secret.wav")
    wait_for_query(visit, **parts)
    page.click("#link-copy")
    status = "document.querySelector('#link-status').textContent"
    note = f"Your own sound is not in it: it opens with the example {example_clips()[0].title}."
    page.wait_for_function(f"note => {status}.endsWith(note)", arg=note)
    assert "secret" not in page.url
    page.click("#examples button >> nth=0")
    visit.wait_for_clip(example_clips()[0].title)
    wait_for_query(visit, **{**parts, "model": None})
    page.click("#link-copy")
    page.wait_for_function(f"{status}.endsWith('see now.')")
    assert visit.errors == []
    # Opening the link shows the same view.
    friend = opened(f"?{urlsplit(link_there).query}")
    friend.page.wait_for_selector("#stability-line .about", timeout=30_000)
    assert title_of(LONG) in friend.text("#stability-line")
    assert (shown_parts(friend).tab, shown_parts(friend).rate) == ("Robustness", "0.65")
    assert shown_parts(friend).choices == ["attention", "kept", "10"]


def wait_for_tab(visit, tab: str) -> None:
    visit.page.wait_for_selector(f"#{tab}-line .about", timeout=30_000)


@in_browser
def test_back_before_the_picture_is_there_is_not_lost(browser, app_url):
    from tests.browser_support import skip_tour

    with ExitStack() as contexts:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.callback(context.close)
        skip_tour(context)
        page = context.new_page()
        page.add_init_script("document.addEventListener('tp-ask', () => (globalThis.hasAsked = true))")
        held = []
        page.route("**/explore/start.js", lambda route: held.append(route))
        page.goto(app_url)
        page.wait_for_function("globalThis.hasAsked", timeout=30_000)
        page.evaluate(
            """() => {
                history.replaceState(null, '', '?keep-rate=0.7');
                history.pushState(null, '', location.pathname);
            }"""
        )
        page.go_back()
        page.wait_for_function("location.search === '?keep-rate=0.7'")
        for route in held:
            route.continue_()
        page.wait_for_selector(".tp[data-rate='0.7']", state="attached", timeout=30_000)


@in_browser
def test_a_tab_s_settings_are_restored_and_followed(opened):
    query = "?tab=kendall&kendall.rank=raw&kendall.paper=none&kendall.sound=yes"
    visit = opened(query)
    wait_for_tab(visit, "kendall")
    page = visit.page
    assert page.locator("#kendall-content input[type=radio]:checked").get_attribute("value") == "raw"
    assert page.locator("#kendall-content input[role=combobox]").input_value() == "none"
    assert page.locator("#kendall-content input[type=checkbox]").is_checked()
    # The curves are those of the settings, not only the controls.
    page.wait_for_selector("#kendall-intensity .main-svg")
    legend = page.locator("#kendall-intensity .legendtext").all_text_contents()
    assert "this clip, τ-b of exact values" in legend
    assert not any("paper" in name for name in legend)
    assert urlsplit(page.url).query == query[1:]
    page.locator("#kendall-content label:has(input[value=concordant])").click()
    wait_for_query(visit, tab="kendall", **{"kendall.rank": "concordant"}, **PAPER_AND_SOUND)
    page.locator("#kendall-content label:has(input[value=clusters])").click()
    wait_for_query(visit, tab="kendall", **PAPER_AND_SOUND)
    # They are of this tab's link only.
    page.click("#clusters-tab-button")
    wait_for_query(visit, tab="clusters")
    # Left and opened again, the tab shows the question that it showed before.
    page.click("#explore-tab-button")
    wait_for_query(visit)
    page.click("#why-tab-button")
    wait_for_query(visit, tab="clusters")
    wait_for_tab(visit, "clusters")
    page.click("#kendall-tab-button")
    wait_for_query(visit, tab="kendall", **PAPER_AND_SOUND)
    assert visit.errors == []


PAPER_AND_SOUND = {"kendall.paper": "none", "kendall.sound": "yes"}


@in_browser
def test_a_comparison_is_restored_and_followed(opened):
    query = {
        "compare.a": OTHER,
        "compare.b-score": "variation",
        "compare.same": "macs",
    }
    # In links of the first edition the tab had a keep-rate of its own; now it is the page's.
    visit = opened(f"?tab=compare&compare.keep-rate=0.35&{urlencode(query)}")
    wait_for_tab(visit, "compare")
    page = visit.page
    page.wait_for_selector(".tc-picture")
    assert page.input_value(".tc-rate-input") == "0.35"
    assert page.is_checked("[name=tc-match][value=macs]")
    assert page.input_value("#compare-model-a input").endswith(OTHER)
    assert visit.text("[data-tc=a] h3") == f"A: {OTHER} by attention"
    assert "by variation" in visit.text("[data-tc=b] h3")
    page.focus(".tc-rate-input")
    visit.press("ArrowRight", times=3)
    page.locator("#compare label:has([value=keep_rate])").click()
    query = {"compare.a": OTHER, "compare.b-score": "variation"}
    wait_for_query(visit, tab="compare", **query)
    assert visit.errors == []


@in_browser
def test_marked_patches_are_in_the_link(opened):
    visit = opened("?tab=removal&removal.by=variation&removal.group=C1&removal.block=8")
    page = visit.page
    wait_for_tab(visit, "removal")
    page.wait_for_selector("[data-group=C1][aria-pressed=true]")
    assert page.input_value(".tr-block-input") == "8"
    assert page.is_checked("[name=tr-by][value=variation]")
    page.focus(".tr-picture")
    visit.press("ArrowRight")
    visit.press("Enter")
    page.wait_for_function("location.search.includes('removal.patches')")
    mask = page.get_attribute(".tr", "data-mask")
    friend = opened(f"?{urlsplit(page.url).query}")
    wait_for_tab(friend, "removal")
    friend.page.wait_for_selector(f".tr[data-mask='{mask}']")
    assert query_of(friend) == query_of(visit)
    # Back at the default settings, the address names none.
    page.locator("label:has([name=tr-by][value=intensity])").click()
    page.click("[data-group=H]")
    page.focus(".tr-block-input")
    visit.press("ArrowLeft", times=3)
    wait_for_query(visit, tab="removal")
    assert visit.errors == friend.errors == []


@in_browser
def test_settings_that_are_not_understood_are_named(opened):
    visit = opened("?tab=removal&removal.group=C9&clusters.keep-rate=2&compare.a=nope&removal.patches=_w")
    wait_for_tab(visit, "removal")
    named = "removal.group “C9”, compare.a “nope”, clusters.keep-rate “2” and removal.patches “_w”"
    wait_for_problem(visit, f"Ignored unknown settings in the link: {named}.")
    assert visit.page.is_visible("[data-group=H][aria-pressed=true]")
    assert visit.errors == []


@in_browser
def test_the_link_is_copied_or_selected(opened, app_url):
    visit = opened("?__theme=dark&__sign=secret", permissions=["clipboard-read", "clipboard-write"])
    page = visit.page
    page.focus(".tp-rate-input")
    visit.press("ArrowLeft")
    page.focus("#link-copy")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#link-status').textContent")
    assert visit.text("#link-status") == "The link is copied: it opens what you see now."
    assert page.evaluate("navigator.clipboard.readText()") == f"{app_url}?keep-rate=0.45"
    assert not page.locator("#link-field").is_visible()
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.click("#link-copy")
    page.wait_for_selector("#link-field:not([hidden])")
    assert "Ctrl+C" in visit.text("#link-status")
    assert page.evaluate("document.activeElement.id") == "link-field"
    assert page.evaluate("getSelection().toString()") == f"{app_url}?keep-rate=0.45"
    assert page.get_attribute("#link-status", "aria-live") == "polite"


@in_browser
def test_in_a_space_the_outer_address_follows_and_the_link_is_the_app_s_own(browser, app_url):
    """The Hub and the Space are played by the test: the page around hands its query to the frame."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    inner = "https://ann-explorer.hf.space/"
    frame = (
        f"<iframe src='{inner}?keep-rate=0.6&__sign=secret' width=1200 height=800></iframe>"
        "<script>messages = []; onmessage = event => messages.push([event.origin, event.data]);</script>"
    )
    headers = {"x-forwarded-host": urlsplit(inner).hostname, "x-forwarded-proto": "https"}

    def serve(route):
        path = route.request.url.removeprefix(inner)
        if "queue/data" in path or "heartbeat" in path:  # endless streams
            route.abort()
        else:
            route.fulfill(response=route.fetch(url=app_url + path, headers=route.request.headers | headers))

    page.route(
        "https://huggingface.co/spaces/ann/explorer",
        lambda route: route.fulfill(body=frame, content_type="text/html"),
    )
    page.route(f"{inner}**", serve)
    page.goto("https://huggingface.co/spaces/ann/explorer")
    app = page.frame_locator("iframe")
    app.locator(".tp-kept li").first.wait_for(timeout=30_000)
    assert app.locator(".tp-rate-input").input_value() == "0.6"
    app.locator(".tp-rate-input").press("ArrowRight")
    page.wait_for_function("messages.some(([, data]) => data.queryString)")
    sent = page.evaluate("messages.filter(([, data]) => data.queryString)")
    assert sent == [[inner[:-1], {"queryString": "keep-rate=0.65"}]]
    app.locator("#link-copy").press("Enter")  # no click: Gradio's message about the lost stream lies above it
    app.locator("#link-field:not([hidden])").wait_for()  # no permission in this frame
    assert app.locator("#link-field").input_value() == f"{inner}?keep-rate=0.65"
    page.close()
