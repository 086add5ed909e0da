"""Accessibility: WCAG 2.2 AA by axe, touch targets, keyboard alone, a sentence for every control."""

from __future__ import annotations

import re

import pytest

from tests.browser_support import click_tab, wait_until
from tpexplore.checkpoints.bundled import bundled_names, example_clips
from tpexplore.ui.tab_list import TABS, places

pytest_plugins = ["tests.browser_support"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not bundled_names(), reason="no model is bundled"),
    pytest.mark.skipif(not example_clips(), reason="no example clip is bundled"),
]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS_OF_PAGE = ((1280, "light"), (390, "dark"))  # colours do not depend on the width, nor sizes on the theme
PATIENCE = 60_000

# The contrast of words that axe leaves to people: over a drawing, beside a decoration, a single letter.
# Words on bars and cells lie on the plot's own colours, and the footer's icons are no words.
CONTRAST_OF = """targets => {
    const parse = text => {
        const [r, g, b, a = 1] = (text.match(/[0-9.]+/g) ?? [0, 0, 0, 0]).map(Number);
        return [r, g, b, text === 'transparent' ? 0 : a];
    };
    const over = ([r, g, b, a], below) => [r, g, b].map((part, i) => part * a + below[i] * (1 - a));
    const light = colour => {
        const [r, g, b] = colour.map(part => part / 255)
            .map(part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = element => {
        if (!element) return [255, 255, 255];
        return over(parse(getComputedStyle(element).backgroundColor), background(element.parentElement));
    };
    return targets.map(selector => {
        const element = document.querySelector(selector);
        if (!element || element.matches('.bartext, .heatmap-label, footer *')) return null;
        const style = getComputedStyle(element);
        const words = parse(element.ownerSVGElement ? style.fill : style.color);
        for (let up = element; up; up = up.parentElement) words[3] *= getComputedStyle(up).opacity;
        const below = background(element);
        const [dark, bright] = [light(over(words, below)), light(below)].sort((a, b) => a - b);
        return (bright + 0.05) / (dark + 0.05);
    });
}"""


# Targets too small for a finger: for a radio button its label counts, for Gradio's menus their frame.
SMALL_TARGETS = """() => {
    const controls = document.querySelectorAll(
        ':is(#head, #controls, #left) :is(a[href], button, input, select, summary, [role=tab])'
    );
    const targets = [...controls].filter(control =>
        control.type !== 'file' && control.checkVisibility({ visibilityProperty: true })
        && !control.closest('[aria-hidden=true], p')  // links within a sentence may be as small as it
    ).map(control => {
        const isMark = control.matches('[type=radio], [type=checkbox]');
        return control.closest(isMark ? 'label' : '.wrap-inner') ?? control;
    });
    return [...new Set(targets)].flatMap(target => {
        const { width, height } = target.getBoundingClientRect();
        const name = target.textContent.trim() || target.getAttribute('aria-label') || target.className;
        return width > 1 && Math.min(width, height) < 43.5 ? [`${name}: ${width} by ${height} px`] : [];
    });
}"""


def complaints(page, within: str = "body") -> list[str]:
    """Faults that axe finds, one line for each element, and words whose contrast it could not measure."""
    from axe_playwright_python.base import AXE_SCRIPT

    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations", "incomplete"]}
    report = page.evaluate("([within, options]) => axe.run(within, options)", [within, options])
    lines = [
        f"{rule['id']} at {node['target']}: {' '.join(node['failureSummary'].split())}"
        for rule in report["violations"]
        for node in rule["nodes"]
    ]
    unsure = [
        node["target"][0]
        for rule in report["incomplete"]
        if rule["id"] == "color-contrast"
        for node in rule["nodes"]
        if len(node["target"]) == 1
    ]
    lines += [
        f"contrast {ratio:.2f} at {target}"
        for target, ratio in zip(unsure, page.evaluate(CONTRAST_OF, unsure), strict=True)
        if ratio is not None and ratio < 4.5
    ]
    return lines


def open_tab(visited, tab: str) -> None:
    """Open a tab and wait until it is filled: its line names the clip, and its figures are drawn."""
    page = visited.page
    click_tab(page, tab)
    page.wait_for_selector(f"#{tab}-content", timeout=PATIENCE)
    page.wait_for_function(
        """tab => {
            const content = document.querySelector(`#${tab}-content`);
            const line = document.querySelector(`#${tab}-line`);
            const seen = element => element.checkVisibility();
            const figures = [...content.querySelectorAll('.figure .saves')].filter(seen);
            return !document.querySelector('#left .pending')
                && (!line || !seen(line) || line.querySelector('.about'))
                && figures.every(saves => saves.closest('.figure').querySelector('.main-svg'));
        }""",
        arg=tab,
        timeout=PATIENCE,
    )
    if tab == "removal":
        page.wait_for_selector("#removal .tr-body [data-group]", timeout=PATIENCE)
    if tab == "stability":
        page.wait_for_selector("#stability .main-svg", timeout=PATIENCE)
    if tab == "paper":
        # Not Table IV and the values of Fig. 4, whose hundreds of cells look as those of Table I.
        page.evaluate(
            """document.querySelectorAll('#paper details:not(#pp-table-4, details details)').forEach(
                one => { one.open = true; }
            )"""
        )
    visited.next_frames()


def open_passport(visited) -> None:
    visited.settle()  # a new picture closes an open passport
    visited.page.focus(".tp-picture")
    visited.press("ArrowRight")
    visited.press("Enter")
    visited.page.wait_for_selector(".tp-passport:not([hidden])")


@pytest.fixture(scope="module")
def desk(lasting_visit):
    """A page on which every tab is opened once: most of them take seconds to be computed."""
    visited = lasting_visit("?__theme=light", reduced_motion="reduce")
    visited.page.add_style_tag(content="* { transition: none !important; }")  # colours change at once
    return visited


def test_no_tab_breaks_wcag(desk):
    visited = desk
    open_passport(visited)
    visited.page.click(".tp-advanced summary")
    visited.page.click("#tour-start")
    faults = []
    for tab in sorted(places(), key="paper".__eq__):  # the largest last: axe walks what is hidden, too
        if tab != "explore":
            open_tab(visited, tab)
        # Header, controls and the row of tabs are the same everywhere; what is hidden would be walked again.
        within = "body" if tab == "explore" else f"#{tab}-line, #{tab}-content"
        for width, theme in LOOKS_OF_PAGE:
            visited.page.set_viewport_size({"width": width, "height": 900})
            # What Gradio's own switch does.
            visited.page.evaluate("dark => document.body.classList.toggle('dark', dark)", theme == "dark")
            visited.page.wait_for_timeout(300)  # plots are redrawn once the window's size is stable
            faults += [f"{tab}, {theme}, {width} px: {line}" for line in complaints(visited.page, within)]
            if width < 400:
                faults += [
                    f"{tab}, too small for a finger: {line}" for line in visited.page.evaluate(SMALL_TARGETS)
                ]
        visited.page.set_viewport_size({"width": LOOKS_OF_PAGE[0][0], "height": 900})
        visited.page.evaluate("document.body.classList.remove('dark')")
        if tab == "explore":
            visited.press("Escape")
    assert faults == []


def test_axe_would_find_a_fault(desk):
    page = desk.page
    page.click("#explore-tab-button")
    page.evaluate(
        """() => {
            const bad = document.createElement('div');
            bad.id = 'bad';
            bad.innerHTML = '<button></button>'
                + '<p style="color: #999; background: #fff">pale words</p>'
                + '<svg width="90" height="20"><text y="15" fill="#bbb">pale too</text></svg>';
            document.querySelector('#left').prepend(bad);
        }"""
    )
    faults = "\n".join(complaints(page, "#bad"))
    assert "button-name at ['#bad > button']" in faults
    assert "contrast of 2.84" in faults
    assert "contrast 1.9" in faults
    assert page.evaluate(SMALL_TARGETS)  # a mouse may have smaller ones
    page.evaluate("document.querySelector('#bad').remove()")


# -- the keyboard

# Everything at which Tab should stop, in reading order; one stop for a group of radio buttons.
STOPS = """() => {
    const seen = element => element.checkVisibility({ visibilityProperty: true });
    const kinds = 'button, input, select, textarea, summary, a[href], [tabindex="0"]';
    const stops = [...document.querySelectorAll(kinds)].filter(element =>
        !element.matches(':disabled, [tabindex="-1"], [type=file], [type=hidden]')
        && !(element.type === 'radio' && !element.checked)
        && seen(element) && element.getClientRects().length
    );
    stops.forEach((element, i) => { element.dataset.stop = i; });
    return stops.map(element => element.getAttribute('aria-label') || element.innerText || element.className);
}"""
# How an element and what lies around it look: a sign of focus may be on a label.
LOOKS = """stop => {
    const looks = [];
    let element = document.querySelector(`[data-stop="${stop}"]`);
    for (let up = 0; up < 4 && element; up++, element = element.parentElement) {
        const style = getComputedStyle(element);
        const outline = style.outlineStyle === 'none' ? '' : style.outlineStyle + style.outlineWidth;
        looks.push([outline, style.boxShadow, style.borderColor, style.backgroundColor]);
    }
    return JSON.stringify(looks);
}"""


def test_tab_reaches_all_of_explore_in_order_with_visible_focus(visit):
    visited = visit(reduced_motion="reduce")
    page = visited.page
    page.wait_for_selector("#examples button")
    visited.settle()  # until no control is added any more
    names = page.evaluate(STOPS)
    assert len(names) > 25
    before = [page.evaluate(LOOKS, stop) for stop in range(len(names))]
    reached, unseen = [], []
    for _ in range(len(names) + 10):
        page.keyboard.press("Tab")
        stop = page.evaluate("document.activeElement.dataset.stop")
        if stop is None:
            if page.evaluate("document.activeElement === document.body"):
                break  # past the last one: no trap
            continue
        reached.append(int(stop))
        # A sign may fade in.
        if not wait_until(lambda at=int(stop): page.evaluate(LOOKS, at) != before[at], 1):
            unseen.append(names[int(stop)])
    assert unseen == []
    assert [names[stop] for stop in reached] == names
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.dataset.stop") == str(len(names) - 1)


def test_tabs_open_by_arrow_keys(desk):
    visited, page = desk, desk.page
    page.click("#explore-tab-button")
    page.focus("#explore-tab-button")
    second, *_, last = list(TABS)[1:]
    visited.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == f"{second}-tab-button"
    visited.press("Enter")
    assert page.get_attribute(f"#{second}-tab-button", "aria-selected") == "true"
    visited.press("End")
    assert page.evaluate("document.activeElement.id") == f"{last}-tab-button"
    visited.press("Home")
    assert page.evaluate("document.activeElement.id") == "explore-tab-button"


# -- a sentence beside each control

# Buttons whose name says all; every other control needs a sentence of its own or of its group.
OBVIOUS = re.compile(
    r"""(Save\ |(Picture|Curve|Numbers|Patches|Kept|Removed|All\ keep-rates),\ )?(PNG|SVG|PDF|CSV|WAV)$
    | (Undo|Redo|Clear|Stop|Play|Play\ the\ file|Pause)$
    | (Show\ me\ around|Copy\ link|Close\ the\ details|Reset\ to\ default\ value)$
    | What\ the\ picture\ shows | Adjust\  | Skip\  | Your\ own\ model | Load\ this\ model$""",
    re.VERBOSE,
)
BARE = """() => {
    const described = element => (element.getAttribute('aria-describedby') ?? '').split(/\\s+/).some(
        id => document.getElementById(id)?.textContent.trim().split(/\\s+/).length >= 3
    );
    const within = '#left, #controls, #head';
    const controls = document.querySelectorAll(
        ':is(#left, #controls, #head) :is(input, select, textarea, button, canvas[tabindex], [role=slider])'
    );
    return [...controls].filter(control =>
        control.checkVisibility() && !control.matches('[type=file], [type=hidden], [role=tab]')
    ).filter(control => {
        for (let up = control; up && !up.matches(within); up = up.parentElement) {
            if (described(up)) return false;
        }
        return !control.title && !control.closest('#examples');  // their heading tells what a click does
    }).map(control => (
        control.getAttribute('aria-label') || control.innerText || control.closest('label')?.innerText
        || control.outerHTML
    ).trim());
}"""


def undescribed(page) -> list[str]:
    """Names of the controls in sight that no sentence describes."""
    return [name for name in page.evaluate(BARE) if not OBVIOUS.match(name)]


def test_every_control_has_a_sentence(desk):
    visited = desk
    click_tab(visited.page, "explore")
    open_passport(visited)
    bare = []
    for tab in places():
        open_tab(visited, tab)
        wait_until(lambda: not undescribed(visited.page), 5)  # sentences are linked once the page is idle
        bare += [f"{tab}: {name}" for name in undescribed(visited.page)]
    assert bare == []
    # A new control without one is found.
    content = f"document.querySelector('#{tab}-content')"
    visited.page.evaluate(f"{content}.insertAdjacentHTML('beforeend', '<input>')")
    assert undescribed(visited.page) == ["<input>"]
