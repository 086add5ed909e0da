"""Refilled elements change only where they differ: in a real browser, without the app."""

import pytest

from tests.browser_support import serve_modules

pytest_plugins = ["tests.browser_support"]
pytestmark = pytest.mark.browser

RENEW = """async ([before, after]) => {
    const { node, renew } = await import('/shared/dom.js');
    const built = ([tag, attributes, ...children]) =>
        node(tag, attributes, ...children.map((child) => (Array.isArray(child) ? built(child) : child)));
    const nodes = (list) => list.map((child) => (Array.isArray(child) ? built(child) : child));
    const [there, expected] = [document.createElement('div'), document.createElement('div')];
    document.body.append(there);
    renew(there, ...nodes(before));
    const old = [...there.querySelectorAll('*')];
    const watch = new MutationObserver(() => {});
    watch.observe(there, { subtree: true, childList: true, attributes: true, characterData: true });
    renew(there, ...nodes(after));
    expected.append(...nodes(after).filter((child) => child !== ''));
    return {
        html: there.innerHTML,
        expected: expected.innerHTML,
        changes: watch.takeRecords().length,
        kept: old.filter((element) => there.contains(element)).length,
    };
}"""

ROW = ["li", {"class": "a"}, ["span", {"title": "x"}, "one"], ["b", {}, "1 %"]]


@pytest.fixture(scope="module")
def blank(browser):
    page = browser.new_page()
    serve_modules(page)
    yield page
    page.close()


@pytest.mark.parametrize(
    ("before", "after", "changes", "kept"),
    [
        ([ROW, ROW], [ROW, ROW], 0, 6),
        ([ROW], [["li", {"class": "a"}, ["span", {"title": "x"}, "one"], ["b", {}, "2 %"]]], 1, 3),
        ([ROW], [["li", {"class": "b", "id": "i"}, ["span", {}, "one"], ["b", {}, "1 %"]]], 3, 3),
        ([ROW], [ROW, ROW], 1, 3),
        ([ROW, ROW], [ROW], 1, 3),
        ([["p", {}, "text"]], [["h3", {}, "text"]], 1, 0),
        (["a sentence"], ["a sentence"], 0, 0),
        (["a sentence"], ["another"], 1, 0),
        (["a sentence"], [""], 1, 0),
        ([""], [7], 1, 0),
        ([], [["p", {}]], 1, 0),
    ],
    ids=[
        "the same",
        "another text",
        "other attributes",
        "one more",
        "one less",
        "another tag",
        "the same sentence",
        "another sentence",
        "no sentence",
        "a number",
        "from nothing",
    ],
)
def test_what_is_the_same_is_not_touched(blank, before, after, changes, kept):
    result = blank.evaluate(RENEW, [before, after])
    assert result["html"] == result["expected"]
    assert (result["changes"], result["kept"]) == (changes, kept)
