"""The tabs Kendall τ, Clusters and Statistics: their numbers, when they compute, and how they look."""

from __future__ import annotations

import copy
import json
import math
import re
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import scipy.stats
import soundfile
import torch
from PIL import Image

from tests.analysis_files import CARD_CLUSTERS, made_up_analysis
from tests.browser_support import click_tab
from tests.example_clips import WORD_QUERY, spoken_examples
from tests.ui.test_browser import write_sweep
from tpexplore import ui
from tpexplore.checkpoints import bundled
from tpexplore.checkpoints.bundled import bundled_card, bundled_names, example_clips
from tpexplore.errors import InputError
from tpexplore.model.plan import PRUNE_BLOCKS
from tpexplore.signal.excerpt import Excerpt
from tpexplore.stats.patch_statistics import cliffs_delta
from tpexplore.ui import controls, link, plots, trace
from tpexplore.ui import page as page_module
from tpexplore.ui.choices import NO_CLIP, NO_MODEL, ModelChoice, model_choices
from tpexplore.ui.page import Page
from tpexplore.ui.pane import Pane
from tpexplore.ui.tab_list import ALIASES, TABS, WHY, places
from tpexplore.ui.tabs import Tab
from tpexplore.ui.tabs import clusters as clusters_tab
from tpexplore.ui.tabs import kendall as kendall_tab
from tpexplore.ui.tabs import statistics as statistics_tab
from tpexplore.ui.trace import ClipTrace, traced
from tpexplore.ui.wiring import wire

pytest_plugins = ["tests.browser_support"]
pytestmark = [
    pytest.mark.skipif("ast-spc12" not in bundled_names(), reason="ast-spc12 is not bundled"),
    pytest.mark.skipif(not example_clips(), reason="no example clip is bundled"),
]

MODEL = "ast-spc12"
CHARTS = ("kendall", "clusters", "statistics")
PLOTS = {
    "kendall": ("kendall-intensity", "kendall-variation"),
    "clusters": (
        "clusters-map",
        "clusters-shares",
        "clusters-edges",
        "clusters-survival",
        "clusters-padding",
    ),
    "statistics": ("statistics-clip", "attention-clip", "attention-beside"),
}


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """A model whose card has clusters and whose dataset was analysed, both made up."""
    card = {**bundled_card(MODEL), "clusters": CARD_CLUSTERS}
    analysis = made_up_analysis(MODEL, card["weights_sha256"])
    (tmp_path / f"{MODEL}.json").write_text(json.dumps(analysis))
    monkeypatch.setattr(bundled, "ANALYSIS_FOLDER", tmp_path)
    monkeypatch.setattr(trace, "bundled_card", lambda _: card)
    trace._traced.cache_clear()
    yield analysis
    trace._traced.cache_clear()


@pytest.fixture
def unmeasured(monkeypatch, tmp_path):
    """There is no data on the model's dataset, as for an official checkpoint."""
    card = {key: value for key, value in bundled_card(MODEL).items() if key != "clusters"}
    monkeypatch.setattr(bundled, "ANALYSIS_FOLDER", tmp_path)
    monkeypatch.setattr(trace, "bundled_card", lambda _: card)
    trace._traced.cache_clear()
    yield
    trace._traced.cache_clear()


def trace_of(example: int = 0) -> ClipTrace:
    return traced(spoken_examples()[example].path, the_choice())


def the_choice() -> ModelChoice:
    return next(choice for choice in model_choices() if choice.source == MODEL)


# -- what the tabs start from


def test_a_clip_is_traced_once(measured):
    trace = trace_of()
    assert trace_of() is trace
    patches, blocks = trace.model.config.patches, trace.model.config.depth
    assert trace.scores.shape == (blocks, patches)
    assert trace.name == spoken_examples()[0].title
    assert trace.padding.sum() == 8 * (trace.model.config.frames // 16 - math.ceil(trace.real_frames / 16))


def test_what_is_kept_is_what_the_pruned_model_keeps(measured):
    trace = trace_of()
    with torch.inference_mode():
        out = trace.model(trace.spec[None], keep_rate=0.5)
    stages = trace.stages_at(0.5)
    for block in PRUNE_BLOCKS:
        assert torch.equal(trace.kept_at(0.5)[block], out.kept[block][0])
        stage = stages[block]
        assert torch.equal(stage.ids[stage.kept], out.kept[block][0])
        assert stage.attention[stage.kept].min() >= stage.attention[~stage.kept].max()
    assert torch.equal(stages[4].attention, trace.scores[3] * trace.model.config.patches)
    assert all(len(ids) == trace.model.config.patches for ids in trace.kept_at(1.0).values())


def test_clusters_are_those_of_the_card(measured):
    trace = trace_of()
    inner = CARD_CLUSTERS["intensity"]["edges"][1:-1]
    assert trace.clusters["intensity"].tolist() == np.digitize(trace.intensity, inner).tolist()
    assert not trace.clustered("intensity")[2]


def test_without_a_card_s_clusters_the_clip_makes_its_own(unmeasured):
    trace = trace_of()
    assert trace.clusters is None
    ids, clusters, own = trace.clustered("variation")
    assert own
    assert set(ids.tolist()) == set(range(5))
    assert clusters.edges[0] == pytest.approx(float(trace.variation.min()), abs=1e-4)


def test_results_of_other_weights_are_not_used(measured, tmp_path):
    (tmp_path / f"{MODEL}.json").write_text(json.dumps({**measured, "weights_sha256": "0" * 64}))
    trace._traced.cache_clear()
    assert trace_of().measured is None


# -- Kendall


@pytest.mark.parametrize("rule", ["clusters", "raw", "concordant"])
def test_tau_of_a_silent_clip_is_undefined(measured, tmp_path, rule):
    soundfile.write(tmp_path / "silence.wav", np.zeros(24_000), 16_000)
    trace = traced(tmp_path / "silence.wav", the_choice())
    taus, unrelated = kendall_tab.clip_taus(trace, "intensity", rule, False)
    assert np.isnan(taus).all() and unrelated is None
    figure = kendall_tab.figure_of(trace, "intensity", rule, "", False)
    assert figure.layout.title.text.endswith("of intensity is undefined: all values are equal")
    note = kendall_tab.notes(trace, rule, "", False)
    assert note.startswith(
        "τ of intensity and variation is undefined in this clip, because all values are equal."
    )


def scipy_taus(trace, ranks: torch.Tensor, counted: torch.Tensor) -> list[float]:
    return [scipy.stats.kendalltau(row[counted], ranks[counted]).statistic for row in trace.scores]


def test_taus_are_scipy_s(measured):
    trace = trace_of()
    everything, sound = torch.ones_like(trace.padding), ~trace.padding
    ranks = trace.clusters["intensity"]
    for rule, sound_only, expected in (
        ("raw", False, scipy_taus(trace, trace.intensity, everything)),
        ("raw", True, scipy_taus(trace, trace.intensity, sound)),
        ("clusters", False, scipy_taus(trace, ranks, everything)),
    ):
        taus, unrelated = kendall_tab.clip_taus(trace, "intensity", rule, sound_only)
        assert taus == pytest.approx(expected, abs=1e-6)
        assert unrelated is None
        figure = kendall_tab.figure_of(trace, "intensity", rule, "match", sound_only)
        assert list(figure.data[-1].y) == taus


def test_ties_as_agreement_start_at_the_share_of_tied_pairs(measured):
    trace = trace_of()
    taus, unrelated = kendall_tab.clip_taus(trace, "variation", "concordant", False)
    ranks = trace.clusters["variation"]
    n = len(ranks)
    tied = sum(bool(ranks[i] == ranks[j]) for i in range(n) for j in range(i))
    assert unrelated == pytest.approx(tied / (n * (n - 1) / 2))
    assert all(tau >= 2 * unrelated - 1 for tau in taus)


def test_the_dataset_s_and_the_paper_s_curve(measured):
    trace = trace_of()
    cells = measured["kendall"]["intensity"]["clusters"]
    series = kendall_tab.dataset_taus(trace, "intensity", "clusters", sound=False)
    assert list(series.values) == [cell["value"] for cell in cells]
    assert list(series.low) == [cell["ci95"][0] for cell in cells]
    assert "680 clips" in series.name
    assert kendall_tab.dataset_taus(trace, "intensity", "clusters", sound=True) is None
    sound = kendall_tab.dataset_taus(trace, "intensity", "raw", sound=True)
    assert list(sound.values) == [cell["value"] for cell in measured["kendall_sound"]["intensity"]]
    paper = kendall_tab.paper_taus(trace, "intensity", kendall_tab.MATCH)
    assert paper.name == "paper, AST on SPC-2, ties as agreement"
    assert paper.values[:2] == [0.154, 0.6309]
    assert kendall_tab.paper_taus(trace, "intensity", "VoxCeleb-1") is None  # AST was not run on it
    assert "no AST on VoxCeleb-1" in kendall_tab.notes(trace, "clusters", "VoxCeleb-1", False)


# -- Clusters


def test_survival_of_clusters_and_padding(measured):
    trace = trace_of()
    ids = trace.clusters["intensity"]
    shares = clusters_tab.survival_shares(trace, ids, 0.5, 5)
    for cluster in range(5):
        here = set(torch.nonzero(ids == cluster)[:, 0].tolist())
        expected = [len(here & set(trace.kept_at(0.5)[b].tolist())) / len(here) for b in PRUNE_BLOCKS]
        assert shares[cluster] == pytest.approx([1, *expected])
    figure = clusters_tab.cluster_survival_figure(trace, "intensity", 0.5)
    lines = {line.name: list(line.y) for line in figure.data}
    assert lines["C5"] == pytest.approx([100 * share for share in shares[4]])
    survival = measured["survival"]["0.50"]["intensity_clusters"]
    assert lines["dataset C5"] == pytest.approx([100, *(100 * survival[str(b)][4] for b in PRUNE_BLOCKS)])
    assert "dataset C5" not in {
        line.name for line in clusters_tab.cluster_survival_figure(trace, "intensity", 0.45).data
    }
    assert clusters_tab.measured_survival(trace, "padding", 0.3)[0] == 1.0


def test_without_padding_the_dataset_s_is_named_or_that_there_is_none(measured):
    whole = replace(trace_of(), padding=torch.zeros_like(trace_of().padding))
    with gr.Blocks():
        box = plots.FigureBox("padding")
    heading, *_ = clusters_tab.padding_values(box, whole, 0.5)
    assert heading.startswith("<h3>In the dataset ") and heading[len("<h3>In the dataset ")].islower()
    never = copy.deepcopy(measured)
    for stages in never["survival"].values():
        stages["padding"] = dict.fromkeys(stages["padding"])
    heading, *_ = clusters_tab.padding_values(box, replace(whole, measured=never), 0.5)
    assert "No patch is only padding" in heading


def test_sources_of_shares_and_edges(measured):
    trace = trace_of()
    shares = clusters_tab.share_sources(trace, "variation")
    assert shares["this clip"] == pytest.approx(
        (np.bincount(trace.clusters["variation"], minlength=5) / len(trace.intensity)).tolist()
    )
    assert shares["its dataset"] == CARD_CLUSTERS["variation"]["shares"]
    assert shares["paper, ESC-50"] == pytest.approx([0.121, 0.475, 0.231, 0.134, 0.039])
    edges = clusters_tab.edge_sources(trace, "intensity")
    assert list(edges["its dataset"]) == CARD_CLUSTERS["intensity"]["edges"]
    assert edges["paper, AS-20K"][0] == -1.2776


# -- Statistics


def test_histograms_hold_the_clip_s_patches(measured):
    trace = trace_of()
    figure = statistics_tab.clip_histograms(trace, 0.5, sound=False)
    x, y = (np.array(measured["histograms"][name]) for name in ("x_edges", "y_edges"))
    kept = trace.kept_at(0.5)[10]
    for heat, ids in zip(figure.data, (slice(None), kept), strict=True):
        expected, _, _ = np.histogram2d(
            trace.intensity[ids].double(), trace.variation[ids].double(), (x, y), density=True
        )
        assert np.allclose(heat.z, np.log1p(expected).T)
    mean = float(trace.intensity[kept].mean())
    assert f"to {mean:.2f}".replace("-", "−") in figure.layout.title.text


def test_attention_of_kept_and_dropped(measured):
    trace = trace_of()
    deciding = statistics_tab.stage_values(trace, 0.5, statistics_tab.DECIDING)
    assert all(cliffs_delta(values[kept], values[~kept]) == 1 for values, kept in deciding.values())
    deltas = statistics_tab.clip_deltas(trace, 0.5)
    last = trace.scores[-1]
    kept = trace.kept_at(0.5)[4]
    dropped = torch.tensor([i for i in range(len(last)) if i not in set(kept.tolist())])
    pairs = last[kept][:, None] - last[dropped][None]
    assert deltas[4] == pytest.approx(float(pairs.sign().mean()))
    table = statistics_tab.delta_table(trace)
    assert "0.52 (0.50 to 0.54)" in table
    assert "| – |" in table  # no patch of that cluster


@pytest.mark.parametrize("keep_rate", [0.3, 1.0])
def test_every_tab_fills_at_the_ends_of_the_slider(measured, keep_rate):
    trace = trace_of()
    for figure in (
        clusters_tab.cluster_survival_figure(trace, "variation", keep_rate),
        statistics_tab.clip_histograms(trace, keep_rate, sound=True),
        statistics_tab.clip_attention(trace, keep_rate, statistics_tab.LATER),
        statistics_tab.clip_attention(trace, keep_rate, statistics_tab.DECIDING),
    ):
        assert "nan" not in figure.layout.title.text
        json.loads(figure.to_json())


# -- when tabs compute


def fake_tab(calls: list, name: str, uses=None):
    """A module with a tab that records its calls."""

    def build(choices):
        box, setting = gr.Textbox(), gr.Checkbox(uses)

        def refresh(path, choice, start, *settings):
            if path == "bad.wav":
                raise InputError("No good.")
            calls.append((name, path, choice and choice.source, *settings))
            return (f"{name} {path}",)

        return Tab([box], refresh, [setting])

    return SimpleNamespace(build=build)


@pytest.fixture
def page(monkeypatch):
    """A page with two tabs that record when they compute: (page, calls)."""
    calls: list = []
    monkeypatch.setattr(page_module, "excerpt_of", lambda *_: Excerpt(np.zeros(1), 0.0, (), longer=False))
    choices = [ModelChoice("One", "one"), ModelChoice("Two", "two")]
    with gr.Blocks():
        with gr.Tabs() as tabs:
            panes = [Pane(name, name, fake_tab(calls, name), choices) for name in ("first", "second")]
        chosen = controls.build(choices, [], "")
        page = Page(tabs, panes, chosen, choices)
        wire(page, link.create_link(choices, [], link.TabNames(["first", "second"]), {}, {}))
    return page, calls


def last(answers):
    """What an event leaves in the page if the browser shows only its last answer."""
    *_, final = answers
    return final


def test_a_change_computes_the_open_tab_only(page):
    page, calls = page
    filled = last(page.on_change("a.wav", "one", None, {}, "second", "x", "y"))
    assert calls == [("second", "a.wav", "one", "y")]
    assert filled[page.panes["second"].tab.outputs[0]] == "second a.wav"
    assert page.panes["first"].tab.outputs[0] not in filled


def test_an_opened_tab_computes_once_for_each_request(page):
    page, calls = page
    shown = last(page.on_change("a.wav", "one", None, {}, "first", 1, 2))[page.shown]
    shown = last(page.on_open("second", "a.wav", "one", None, shown, 2))[page.shown]
    last(page.on_open("second", "a.wav", "one", None, shown, 2))
    last(page.on_open("first", "a.wav", "one", None, shown, 1))
    assert [name for name, *_ in calls] == ["first", "second"]
    last(page.on_open("first", "a.wav", "two", None, shown, 1))
    last(page.on_setting("first", "a.wav", "two", None, shown, 3))
    assert calls[2:] == [("first", "a.wav", "two", 1), ("first", "a.wav", "two", 3)]


def test_a_tab_cancelled_half_way_is_filled_when_it_is_opened_again(page, monkeypatch):
    page, _ = page
    pane = page.panes["first"]
    parts = []

    def growing(path, *_):
        for part in ("one", "one two"):
            parts.append(part)
            yield (part,)

    monkeypatch.setattr(pane, "tab", replace(pane.tab, refresh=growing))
    answers = page.on_change("a.wav", "one", None, {}, "first", 1, 2)
    shown = next(answers)[page.shown]
    answers.close()
    filled = last(page.on_open("first", "a.wav", "one", None, shown, 1))
    assert parts == ["one", "one", "one two"]
    # The browser may show the last answer alone: it holds everything.
    assert filled[pane.tab.outputs[0]] == "one two"
    assert filled[pane.content]["visible"] is True
    last(page.on_open("first", "a.wav", "one", None, filled[page.shown], 1))
    assert len(parts) == 3


def test_a_tab_says_in_a_sentence_why_it_shows_nothing(page):
    page, _ = page
    pane = page.panes["first"]
    filled = last(page.on_open("first", "bad.wav", "one", None, {}, 0))
    assert "No good." in filled[pane.line]
    assert filled[pane.content]["visible"] is False
    assert filled[page.shown]["first"] is None  # tried again when opened again
    filled = last(page.on_open("first", "good.wav", "one", None, filled[page.shown], 0))
    assert "good.wav · One" in filled[pane.line]
    assert filled[pane.content]["visible"] is True
    status = last(page.on_change(None, "one", None, {}, "first", 0, 0))[page.chosen.status]
    assert status == NO_CLIP
    assert last(page.on_change("a.wav", None, None, {}, "first", 0, 0))[page.chosen.status] == NO_MODEL


def test_without_clip_or_model_every_tab_has_a_sentence():
    choice = the_choice()
    for module in (kendall_tab, clusters_tab, statistics_tab):
        with gr.Blocks():
            tab = module.build([choice])
        values = [component.value for component in tab.inputs]
        with pytest.raises(InputError, match="Choose a clip"):
            tab.refresh(None, choice, None, *values)
        with pytest.raises(InputError, match="No model"):
            tab.refresh("a.wav", None, None, *values)


@pytest.mark.parametrize("module", [kendall_tab, clusters_tab, statistics_tab])
def test_tabs_fill_all_their_outputs_with_and_without_a_dataset(module, request):
    for known in ("unmeasured", "measured"):
        request.getfixturevalue(known)
        with gr.Blocks():
            tab = module.build(model_choices())
        values = tab.refresh(
            str(spoken_examples()[0].path),
            the_choice(),
            None,
            *[component.value for component in tab.inputs],
        )
        assert len(values) == len(tab.outputs)
        notes = " ".join(value for value in values if isinstance(value, str))
        assert ("not measured for this checkpoint" in notes) is (known == "unmeasured")


def test_plots_carry_their_csv_and_leave_the_title_to_the_page(measured):
    with gr.Blocks():
        box = plots.FigureBox("kendall-intensity")
    trace = trace_of()
    figure = kendall_tab.figure_of(trace, "intensity", "raw", "", False)
    title = figure.layout.title.text
    heading, _, plot = box.show(figure, trace)
    spec = json.loads(plot.plot)
    about = spec["layout"]["meta"]
    assert title and title in heading and title not in plot.plot
    assert about["height"] == figure.layout.height
    assert about["name"] == f"kendall-intensity-happy-{trace.model.config.name}"
    assert about["csv"].startswith("series,block,Kendall τ,low 95 %,high 95 %\n")
    assert "bdata" not in json.dumps(about)


def test_all_tabs_are_there_under_their_own_names():
    demo = ui.build()
    tabs = {block.id: block.label for block in demo.blocks.values() if isinstance(block, gr.Tab)}
    outer = {id: label for id, (label, _) in TABS.items()}
    inner = {id: label for id, (label, _) in WHY.items()}
    assert tabs == outer | inner
    assert set(places()) == set(tabs) - {"why"}
    assert set(ALIASES.values()) <= set(places())
    assert set(ALIASES) & set(places()) == set()


# -- as a person meets them, in headless Chromium


def open_tab(visited, tab: str) -> None:
    """Open a tab and wait for its figures; those of an earlier clip stand there until the answer comes."""
    click_tab(visited.page, tab)
    for plot in PLOTS[tab]:
        visited.page.wait_for_selector(f"#{plot} .main-svg", state="attached", timeout=60_000)


def titles_of(visited, tab: str) -> list[str]:
    return [visited.text(f"#{plot}-title h3") for plot in PLOTS[tab]]


def wait_for_other(visited, selector: str, old: str) -> str:
    """Wait until the element's text is no longer ``old``; returns it."""
    visited.page.wait_for_function(
        "([selector, old]) => { const here = document.querySelector(selector);"
        " return here && here.innerText.trim() && here.innerText !== old; }",
        arg=[selector, old],
        timeout=60_000,
    )
    return visited.text(selector)


@pytest.fixture(scope="module")
def lasting_desk(lasting_visit):
    return lasting_visit(WORD_QUERY)


@pytest.fixture
def desk(lasting_desk):
    """A page that other tests have used, with the clip and model reset."""
    title, page = spoken_examples()[0].title, lasting_desk.page
    page.click("#explore-tab-button")
    if page.get_attribute(".tp", "data-clip") != title:
        page.click(f"#examples button:has-text('{title}')")
    lasting_desk.wait_for_clip(title)
    lasting_desk.choose_model("ast-spc12")
    page.wait_for_selector(".tp-picture[aria-label*=ast-spc12]")
    lasting_desk.settle()
    return lasting_desk


@pytest.mark.browser
def test_tabs_show_numbers_and_follow_model_and_clip(desk, tmp_path):
    example = spoken_examples()[0].title
    for tab in CHARTS:
        open_tab(desk, tab)
        assert example in desk.text(f"#{tab}-line")
        assert all(re.search(r"\d", title) for title in titles_of(desk, tab))
    open_tab(desk, "kendall")
    before = desk.text("#kendall-line"), desk.text("#kendall-intensity-title")
    desk.choose_model("audiomae-spc12")
    assert "audiomae-spc12" in wait_for_other(desk, "#kendall-line", before[0])
    wait_for_other(desk, "#kendall-intensity-title", before[1])
    line, title = desk.text("#kendall-line"), desk.text("#kendall-intensity-title")
    desk.upload(write_sweep(tmp_path / "sweep.wav"))
    assert "sweep.wav" in wait_for_other(desk, "#kendall-line", line)
    wait_for_other(desk, "#kendall-intensity-title", title)
    # A tab that was not open follows when it is opened again; so does the viewer.
    click_tab(desk.page, "clusters")
    desk.page.wait_for_selector("#clusters-line:has-text('sweep.wav')", timeout=60_000)
    desk.page.click("#explore-tab-button")
    desk.wait_for_clip("sweep.wav")
    assert desk.errors == []
    assert desk.foreign_requests() == []


@pytest.mark.browser
def test_settings_redraw_and_figures_are_saved(desk, tmp_path):
    open_tab(desk, "clusters")
    desk.page.locator("#clusters-content label:has(input[type=radio][value=variation])").click()
    # Not just another title: the one of an earlier test's clip may still be there.
    desk.page.wait_for_selector("#clusters-map-title:has-text('variation')", timeout=60_000)
    survival = desk.text("#clusters-survival-title")
    desk.page.focus("#clusters-content input[type=range]")
    desk.press("ArrowRight", times=3)
    wait_for_other(desk, "#clusters-survival-title", survival)
    for kind in ("PNG", "CSV"):
        with desk.page.expect_download() as download:
            desk.page.click(f"#clusters-map-figure button:has-text('{kind}')")
        saved = tmp_path / download.value.suggested_filename
        download.value.save_as(saved)
        assert saved.name == f"clusters-map-{spoken_examples()[0].path.stem}-ast-spc12.{kind.lower()}"
        if kind == "PNG":
            assert saved.read_bytes().startswith(b"\x89PNG")
        else:
            head, *rows = saved.read_text().splitlines()
            assert head == "series,seconds,mel row,cluster,variation"
            assert len(rows) == bundled_card("ast-spc12")["patches"]
    assert desk.errors == []


@pytest.mark.browser
def test_a_bad_file_is_a_sentence_in_the_open_tab(desk, tmp_path):
    open_tab(desk, "kendall")
    bad = tmp_path / "notes.wav"
    bad.write_text("not audio at all")
    desk.upload(bad)
    message = desk.page.wait_for_selector("#kendall-line .message").inner_text()
    assert "notes.wav" in message
    assert message == desk.text("#status .message")
    desk.page.wait_for_selector("#kendall-intensity", state="hidden")
    desk.page.click("#examples button >> nth=1")
    open_tab(desk, "kendall")
    desk.page.wait_for_selector("#kendall-intensity .main-svg", state="visible")
    assert example_clips()[1].title in desk.text("#kendall-line")


@pytest.mark.browser
def test_tabs_fit_a_phone(visit):
    phone = visit(WORD_QUERY, width=390, height=844, has_touch=True, is_mobile=True)
    labels = phone.page.locator("[role=tab]").all()
    assert [label.inner_text() for label in labels] == [label for label, _ in TABS.values()]
    assert all(label.is_visible() for label in labels)
    for tab in CHARTS:
        open_tab(phone, tab)
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        outside = phone.page.evaluate(
            """[...document.querySelectorAll('#left *')].filter(element => {
                const box = element.getBoundingClientRect();
                const scrolls = element.closest('.tab-container');
                return box.width > 0 && box.right > innerWidth + 1 && !scrolls;
            }).map(element => element.outerHTML.slice(0, 200))"""
        )
        assert outside == []
        # The sound comes first.
        above = phone.page.locator("#sound").bounding_box()["y"]
        assert above < phone.page.locator(f"#{tab}-content").bounding_box()["y"]
    assert phone.errors == []


@pytest.mark.browser
def test_a_figure_is_saved_for_one_column(visit, tmp_path):
    visited = visit(WORD_QUERY)
    open_tab(visited, "kendall")
    figure = visited.page.locator("#kendall-intensity-figure")
    figure.locator(".tp-paper-width").select_option("one")
    saved = {}
    for kind in ("png", "svg", "pdf", "csv"):
        with visited.page.expect_download() as download:
            figure.locator(f"[data-save-plot={kind}]").click()
        assert download.value.suggested_filename == f"kendall-intensity-happy-ast-spc12.{kind}"
        download.value.save_as(tmp_path / kind)
        saved[kind] = (tmp_path / kind).read_bytes()
    with Image.open(tmp_path / "png") as picture:
        assert abs(picture.width / 600 * 25.4 - 85) < 0.2
        assert abs(picture.info["dpi"][0] - 600) < 1
        assert len(picture.convert("RGB").resize((100, 60)).getcolors(10_000)) > 10
    assert b'width="85mm"' in saved["svg"][:200] and b"block" in saved["svg"]
    assert "Attention" not in saved["svg"].decode()  # the title is the caption's business
    assert saved["pdf"].startswith(b"%PDF") and saved["csv"].startswith(b"series,block")
    assert visited.errors == []


@pytest.mark.browser
def test_figures_follow_the_dark_theme(visit):
    read = """() => [...document.querySelectorAll('.xtick text, .legendtext, .g-ytitle text')]
        .map(text => getComputedStyle(text).fill.match(/[0-9]+/g).slice(0, 3).reduce((a, b) => a + +b, 0))"""
    paper = "() => getComputedStyle(document.querySelector('#kendall-intensity .main-svg')).backgroundColor"
    for query, readable in (("", lambda ink: ink < 300), ("?__theme=dark", lambda ink: ink > 500)):
        visited = visit(query)
        open_tab(visited, "kendall")
        inks = visited.page.evaluate(read)
        assert len(inks) > 12
        assert all(readable(ink) for ink in inks)
        assert visited.page.evaluate(paper) == "rgba(0, 0, 0, 0)"
        assert visited.errors == []
