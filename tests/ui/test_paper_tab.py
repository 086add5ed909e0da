"""The tab "Paper and here": its HTML, and how a person meets it in headless Chromium."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from tests.browser_support import click_tab
from tests.paper_files import MODELS, Files
from tpexplore.checkpoints.bundled import bundled_names, example_clips
from tpexplore.results.comparison import compare, load_evidence, load_published
from tpexplore.ui.paper import sections as paper_sections
from tpexplore.ui.paper.tables import signed

pytest_plugins = ["tests.browser_support"]

VOID = {"br", "img", "line", "polyline", "polygon"}


class Outline(HTMLParser):
    """Checks that tags close in order, and collects what the tests check."""

    def __init__(self, html: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.tables: list[dict] = []
        self.links: dict[str, str] = {}
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append({"caption": "", "heads": [], "cells": 0})
        elif tag == "th":
            self.tables[-1]["heads"].append(attributes)
        elif tag == "td":
            self.tables[-1]["cells"] += 1
        elif tag == "a":
            self.links[attributes["download"]] = unquote(attributes["href"])

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "caption":
            self.tables[-1]["caption"] += data


@pytest.fixture
def page_of(tmp_path, monkeypatch):
    """The tab's HTML from made-up files of some models."""

    def make(models=MODELS) -> str:
        folder = Files(tmp_path, models).folder
        monkeypatch.setattr(paper_sections, "load_evidence", lambda: load_evidence(folder))
        return paper_sections.page()

    return make


@pytest.mark.parametrize("models", [(), MODELS[:1], MODELS], ids=["none", "one model", "all models"])
def test_tables_are_accessible_and_the_html_is_sound(page_of, models):
    outline = Outline(page_of(models))
    captions = [table["caption"] for table in outline.tables]
    assert all(captions) and len(set(captions)) == len(captions)
    assert len(captions) >= 7 + 1 + 1 + 7 + 2
    for table in outline.tables:
        assert table["cells"] and all("scope" in head for head in table["heads"])
    for tag, attributes in outline.tags:
        if tag == "svg":
            assert attributes["role"] == "img" and attributes["aria-label"]
        if tag == "img":
            assert attributes["alt"]
        assert "nan" not in (attributes.get("points") or "")


def test_every_published_number_is_on_the_page(page_of):
    html = page_of()
    rows = compare(load_published(), load_evidence())
    saved = Outline(html).links
    for table in ("Table I", "Table II", "Table III", "Table IV", "Figure 4"):
        text = saved[f"{table.lower().replace(' ', '-')}.csv"]
        assert text.count("\n") == 1 + sum(row.table == table for row in rows)
    body = re.sub(r"<a .*?</a>", "", html)
    for row in rows:
        digits = {"G": 1, "tau": 2}.get(row.unit, 2 if row.dataset != "AS-20K" else 1)
        if row.table in ("Table I", "Table IV"):
            assert f"{row.published:.{digits}f}" in body


def test_another_task_is_never_passed_off_as_the_same(page_of):
    for table in Outline(page_of()).tables:
        for dataset, ours in (("SPC-2", "spc12"), ("VoxCeleb-1", "speaker34")):
            if dataset in table["caption"] and ours in table["caption"]:
                assert "another task" in table["caption"]


def test_verdicts_stand_first_with_their_rule(page_of):
    html = page_of()
    assert html.index("pp-verdicts") < html.index("Table I:")
    assert re.findall(r'data-verdict="([^"]+)"', html) == ["Confirmed"] * 6
    assert html.count("Confirmed if every 95 % interval is above 0") == 6


def test_reasons_are_on_the_page_where_nothing_is_measured(page_of):
    html = page_of(())
    assert re.findall(r'data-verdict="([^"]+)"', html) == ["Not measured"] * 6
    assert "audiomae-esc50 is not trained yet" in html
    assert "AudioSet is not here" in html


@pytest.mark.parametrize(("value", "text"), [(1.25, "+1.3"), (-1.0, "−1.0"), (0.04, "0.0"), (-0.04, "0.0")])
def test_signs(value, text):
    assert signed(value) == text


# In the browser


@pytest.fixture(scope="module")
def tab(lasting_visit):
    """The tab, opened: ``tab(**visit's options)``."""

    def open_tab(**options):
        opened = lasting_visit("?__theme=light", **options)
        click_tab(opened.page, "paper")
        opened.page.wait_for_selector(".pp-verdicts", timeout=60_000)
        return opened

    return open_tab


@pytest.fixture(scope="module")
def desk(tab):
    return tab()


needs_app = [
    pytest.mark.browser,
    pytest.mark.skipif(not bundled_names(), reason="no model is bundled"),
    pytest.mark.skipif(not example_clips(), reason="no example clip is bundled"),
]


def browser_test(function):
    for mark in needs_app:
        function = mark(function)
    return function


@browser_test
def test_tab_shows_verdicts_and_opens_its_tables(desk):
    assert desk.page.locator(".pp-verdicts ol > li").count() == 6
    assert not desk.page.locator("#pp-table-1 table").first.is_visible()
    desk.page.click("#pp-table-1 > summary")
    assert desk.page.locator("#pp-table-1 table").first.is_visible()
    with desk.page.expect_download() as download:
        desk.page.click("#pp-table-1 > .pp-save:has-text('Numbers, CSV')")
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert download.value.suggested_filename == "table-i.csv"
    assert len(lines) == 134 and lines[0].startswith("table,dataset,family")
    assert desk.errors == []
    assert desk.foreign_requests() == []


@browser_test
def test_phone_scrolls_tables_in_their_own_box(tab):
    phone = tab(width=390, height=844, has_touch=True, is_mobile=True)
    phone.page.eval_on_selector_all(".pp details", "all => all.forEach(one => (one.open = true))")
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    boxes = phone.page.eval_on_selector_all(
        ".pp-scroll",
        "all => all.map(box => [box.scrollWidth > box.clientWidth, getComputedStyle(box).overflowX])",
    )
    assert any(wide for wide, _ in boxes)
    assert all(overflow == "auto" for _, overflow in boxes)
    assert phone.errors == []


@browser_test
def test_dark_theme_is_readable(desk):
    desk.page.evaluate("document.body.classList.add('dark')")  # what Gradio's own switch does
    page = "getComputedStyle(document.querySelector('.gradio-container')).backgroundColor"
    colours = desk.page.evaluate(
        f"""() => [{page}, ...['.pp', '.pp-help', '.pp-verdict', '.pp-save'].map(
            name => getComputedStyle(document.querySelector(name)).color)]"""
    )
    behind, *texts = [sum(int(part) for part in re.findall(r"\d+", colour)[:3]) for colour in colours]
    assert all(text - behind > 300 for text in texts)
    assert desk.errors == []
