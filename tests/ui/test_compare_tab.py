"""The Compare tab: its numbers against the library's, and as a person meets it in headless Chromium."""

from __future__ import annotations

import csv
import html
import json
import re
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import scipy.stats
import soundfile
import torch
from PIL import Image

from tests.example_clips import spoken_examples
from tests.ui.test_browser import write_sweep
from tpexplore.checkpoints.bundled import bundled_names, example_clips
from tpexplore.errors import InputError
from tpexplore.model.plan import KEEP_RATES, PRUNE_BLOCKS
from tpexplore.results.store import measured_results
from tpexplore.signal.decode import read_clip
from tpexplore.signal.excerpt import loudness_profile
from tpexplore.ui.choices import ModelChoice, cached_model, model_choices
from tpexplore.ui.clips import excerpt_of
from tpexplore.ui.tabs import compare as compare_tab
from tpexplore.ui.tabs.compare import Side, compare_clip
from tpexplore.ui.trace import traced

pytest_plugins = ["tests.browser_support"]
SHORT, LONG = "ast-spc12", "audiomae-esc50"
pytestmark = [
    pytest.mark.skipif(not {SHORT, LONG} <= set(bundled_names()), reason="models are not bundled"),
    pytest.mark.skipif(not example_clips(), reason="no example clip is bundled"),
]

ROWS = 8


def choice_of(name: str) -> ModelChoice:
    return next(choice for choice in model_choices() if choice.source == name)


def side(name: str, score: str) -> Side:
    return Side(choice_of(name), score)


def clip_path() -> Path:
    """The word that the board is opened with."""
    return spoken_examples()[0].path


@torch.inference_mode()
def kept_sets(one: Side, samples: np.ndarray, keep_rate: float) -> dict[int, set[int]]:
    """Patches left after each block, by a separate forward pass."""
    model = cached_model(one.choice)
    kept = model(model.spectrogram(samples)[None], keep_rate=keep_rate, score=one.score).kept
    everything = range(model.config.patches)
    return {block: set(kept[block][0].tolist() if kept else everything) for block in PRUNE_BLOCKS}


def counts_of(a: set[int], b: set[int], shared: int) -> dict[str, int]:
    common = set(range(shared))
    return {
        "both": len(a & b & common),
        "only_a": len((a - b) & common),
        "only_b": len((b - a) & common),
        "neither": len(common - a - b),
        "beyond_a": len(a - common),
        "beyond_b": len(b - common),
    }


@pytest.fixture
def long_clip(tmp_path) -> Path:
    """8 s of faint noise with a loud second at 5.5 s: longer than any window here."""
    noise = np.random.default_rng(0).normal(0, 0.01, 8 * 16_000)
    noise[88_000:104_000] *= 20
    path = tmp_path / "late bang.wav"
    soundfile.write(path, noise, 16_000)
    return path


# -- the message


@pytest.mark.parametrize("swapped", [False, True])
def test_windows_of_two_lengths_begin_together(long_clip, swapped):
    a, b = side(LONG, "attention"), side(SHORT, "intensity")
    a, b = (b, a) if swapped else (a, b)
    comparison = compare_clip(long_clip, a, b)
    short = cached_model(choice_of(SHORT)).config
    start = loudness_profile(long_clip).loudest(short.seconds)
    assert comparison["clip"] == {"name": "late bang.wav", "start": pytest.approx(start, abs=1e-3)}
    assert f"at {start:.2f} s of the file, the loudest part for the window of {SHORT}." in comparison["note"]
    assert "64 patches of the time that both read" in comparison["note"]
    assert comparison["picture"]["patches"] == short.patches == 64
    assert not comparison["same"]
    assert not comparison["same_classes"]
    seconds = {LONG: 5.2, SHORT: 1.3}
    samples = {
        name: read_clip(long_clip, offset=start, duration=length).samples for name, length in seconds.items()
    }
    for i in (0, 8, 14):
        kept = [kept_sets(one, samples[one.choice.source], KEEP_RATES[i]) for one in (a, b)]
        for stage in comparison["matches"]["keep_rate"][i]["stages"]:
            expected = counts_of(*(sets[stage["block"]] for sets in kept), 64)
            assert {key: stage[key] for key in expected} == expected


def test_a_chosen_start_counts_for_both(long_clip):
    comparison = compare_clip(long_clip, side(SHORT, "attention"), side(LONG, "variation"), 2.25)
    assert comparison["clip"]["start"] == 2.25
    assert comparison["note"].startswith("Both begin at 2.25 s of the file. A reads 1.3 s and B 5.1 s")
    with pytest.raises(InputError, match=r"late bang\.wav"):
        compare_clip(long_clip, side(SHORT, "attention"), side(LONG, "variation"), 9.0)


def test_silence_has_no_order(tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(16_000), 16_000)
    comparison = compare_clip(tmp_path / "silence.wav", side(SHORT, "intensity"), side(SHORT, "variation"))
    assert comparison["tau"] is None
    json.dumps(comparison, allow_nan=False)


def test_what_was_computed_is_kept_until_the_file_changes(long_clip, monkeypatch):
    calls = []
    explore = compare_tab.explore
    monkeypatch.setattr(
        compare_tab,
        "explore",
        lambda *args, **kwargs: calls.append(kwargs["scores"]) or explore(*args, **kwargs),
    )
    compare_clip(long_clip, side(SHORT, "attention"), side(SHORT, "intensity"))
    compare_clip(long_clip, side(SHORT, "attention"), side(SHORT, "variation"))
    compare_clip(long_clip, side(SHORT, "variation"), side(SHORT, "intensity"))
    assert calls == [("attention",), ("intensity",), ("variation",)]
    soundfile.write(long_clip, np.random.default_rng(1).normal(0, 0.1, 30_000), 16_000)
    compare_clip(long_clip, side(SHORT, "attention"), side(SHORT, "attention"))
    assert len(calls) == 4


def test_the_menus_follow_the_page_s_model_or_their_own():
    with gr.Blocks():
        tab = compare_tab.build(model_choices())
    settings = [component.value for component in tab.inputs]
    for name in (SHORT, LONG):
        (text,) = tab.refresh(str(clip_path()), choice_of(name), None, *settings)
        sides = json.loads(text)["sides"]
        assert [sides[letter]["name"] for letter in "ab"] == [f"{name} by attention", f"{name} by intensity"]
    (text,) = tab.refresh(str(clip_path()), choice_of(SHORT), None, LONG, "variation", "", "attention")
    sides = json.loads(text)["sides"]
    assert [sides[letter]["name"] for letter in "ab"] == [f"{LONG} by variation", f"{SHORT} by attention"]
    with pytest.raises(InputError, match="Choose a clip"):
        tab.refresh(None, choice_of(SHORT), None, *settings)
    with pytest.raises(InputError, match="No model"):
        tab.refresh(str(clip_path()), None, None, *settings)


# -- as a person meets it


class Board:
    """The tab on one page, shared by the tests below."""

    def __init__(self, visit):
        self.visit, self.page = visit, visit.page
        self.page.get_by_role("tab", name="Compare").click()
        self.page.wait_for_selector(".tc-overlaps tbody tr")
        self.visit.next_frames()

    def text(self, name: str) -> str:
        return self.page.inner_text(f"[data-tc={name}]")

    def choose(self, letter: str, model: str, score: str) -> None:
        """Choose a side and wait until it is shown."""
        self.page.click(f"#compare-model-{letter} input")
        self.page.click(f"#compare-model-{letter} [role=option]:has-text('{model}')")
        self.page.click(f"#compare-score-{letter} input")
        self.page.click(f"#compare-score-{letter} [role=option]:has-text('{score.capitalize()}')")
        self.page.wait_for_selector(f"[data-tc={letter}] h3:has-text('{model} by {score}')")
        self.visit.next_frames()

    def match(self, by: str) -> None:
        self.page.locator(f"label:has([name=tc-match][value={by}])").click()
        self.visit.next_frames()

    def rate(self, keep_rate: float) -> None:
        """Move the slider there by keyboard."""
        self.page.focus(".tc-rate-input")
        self.visit.press("Home")
        self.visit.press("ArrowRight", times=KEEP_RATES.index(keep_rate))
        assert self.text("rate") == f"{100 * keep_rate:.0f}\u00a0%"

    def overlaps(self) -> list[list[str]]:
        """The table's cells, one row a block."""
        rows = self.page.locator(".tc-overlaps tbody tr").all()
        return [row.locator("th, td").all_inner_texts() for row in rows]

    def pixels(self) -> str:
        return self.page.eval_on_selector(".tc-picture", "canvas => canvas.toDataURL()")

    def colours(self, panel: int, panels: int = 3) -> np.ndarray:
        """Mean colour of every patch of a panel beside its mark, (patches, 3): red, green, blue."""
        return np.array(
            self.page.evaluate(
                """([panel, panels, columns, rows]) => {
                    const canvas = document.querySelector('.tc-picture');
                    const scale = canvas.width / canvas.clientWidth;
                    const w = Math.floor((canvas.clientWidth - 42 - 54 - 14 * (panels - 1)) / panels);
                    const h = canvas.clientHeight - 28 - 26;
                    const colours = [];
                    for (let patch = 0; patch < columns * rows; patch++) {
                        const left = 42 + panel * (w + 14) + (Math.floor(patch / rows) + 0.12) * w / columns;
                        const top = 28 + (rows - 1 - patch % rows + 0.12) * h / rows;
                        const box = [left, top, (0.76 * w) / columns, (0.16 * h) / rows];
                        const { data } = canvas.getContext('2d')
                            .getImageData(...box.map(at => Math.round(at * scale)));
                        const mean = c => data.filter((_, i) => i % 4 === c).reduce((a, b) => a + b);
                        colours.push([0, 1, 2].map(c => (4 * mean(c)) / data.length));
                    }
                    return colours;
                }""",
                [panel, panels, 64 // ROWS, ROWS],
            )
        )


@pytest.fixture(scope="module")
def open_tab(visit_with_word):
    """Open the tab on a page of its own; arguments as for `visit_with_word`."""
    return lambda *arguments, **options: Board(visit_with_word(*arguments, **options))


@pytest.fixture(scope="module")
def board(open_tab):
    return open_tab()


def samples_read(seconds: float = 1.3) -> np.ndarray:
    """The clip's samples that a model reads, from the start of the short window's excerpt."""
    start = excerpt_of(clip_path(), choice_of(SHORT)).start
    return read_clip(clip_path(), offset=start, duration=seconds).samples


@pytest.mark.browser
def test_first_sight_is_attention_against_intensity(board):
    names = board.page.locator("[data-tc=a] h3, [data-tc=b] h3").all_inner_texts()
    model = SHORT
    assert names == [f"A: {model} by attention", f"B: {model} by intensity"]
    assert board.text("rate") == "50\u00a0%"
    assert board.visit.text("#compare-line") == spoken_examples()[0].title  # the models are in the cards


@pytest.mark.browser
def test_numbers_and_picture_are_the_library_s(board):
    board.choose("a", SHORT, "attention")
    board.choose("b", "audiomae-spc12", "variation")
    a, b = side(SHORT, "attention"), side("audiomae-spc12", "variation")
    for rate in (0.3, 0.65):
        board.rate(rate)
        kept = [kept_sets(one, samples_read(), rate) for one in (a, b)]
        for panel, (row, block) in enumerate(zip(board.overlaps(), PRUNE_BLOCKS, strict=True)):
            sets = [one[block] for one in kept]
            counts = counts_of(*sets, 64)
            assert row[:5] == [str(n) for n in (block, *list(counts.values())[:4])]
            assert float(row[5]) == pytest.approx(len(sets[0] & sets[1]) / len(sets[0] | sets[1]), abs=0.0051)
            x = np.arange(65)
            chances = scipy.stats.hypergeom(64, len(sets[0]), len(sets[1])).pmf(x)
            union = np.maximum(len(sets[0]) + len(sets[1]) - x, 1)
            assert float(row[6]) == pytest.approx(chances @ (x / union), abs=0.0051)
            assert_colours(board.colours(panel), *sets)
        counts = re.match(
            r"Both keep (\d+) of the same patches after block 4; chance would give ([\d.]+)\.",
            board.text("finding"),
        )
        assert int(counts[1]) == len(kept[0][4] & kept[1][4])
        assert float(counts[2]) == pytest.approx(len(kept[0][4]) * len(kept[1][4]) / 64, abs=0.51)
    for letter, one in (("a", a), ("b", b)):
        assert_card(board, letter, one, 0.65)
    traces = [traced(clip_path(), one.choice) for one in (a, b)]
    tau = scipy.stats.kendalltau(traces[0].scores[3], traces[1].variation).statistic
    assert f"τ = {tau:.2f}".replace("-", "−") in board.text("tau").replace("\u00a0", " ")
    label = board.page.get_attribute(".tc-picture", "aria-label")
    assert "audiomae-spc12 by variation" in label


def assert_colours(colours: np.ndarray, a: set[int], b: set[int]) -> None:
    """Only A is blue, only B orange, both bright and neither dark grey."""
    red, _, blue = colours.T
    for patch in range(64):
        reddish, light = red[patch] - blue[patch], colours[patch].mean()
        if patch in a - b:
            assert reddish < -40
        elif patch in b - a:
            assert reddish > 40
        else:
            assert abs(reddish) < 25
            assert light > 90 if patch in a else light < 90


def assert_card(board: Board, letter: str, one: Side, rate: float) -> None:
    """Answers, cost and accuracy of a side are those of its model."""
    model = cached_model(one.choice)
    with torch.inference_mode():
        spec = model.spectrogram(samples_read())[None]
        outs = [model(spec).logits[0], model(spec, keep_rate=rate, score=one.score).logits[0]]
    card = board.text(letter)
    rows = board.page.locator(f"[data-tc={letter}] tbody tr")
    for i in range(3):
        for column, logits in enumerate(outs):
            values = logits.softmax(0)
            best = int(values.argsort(descending=True)[i])
            label, share = rows.nth(i).locator("td").nth(column).inner_text().rsplit(" ", 1)
            assert label == model.config.labels[best]
            if not share.startswith("<"):
                assert float(share[:-1]) == pytest.approx(100 * float(values[best]), abs=0.51)
    assert f"{model.config.macs(rate) / 1e6:.0f} M MACs" in card
    cell = measured_results(one.choice.source)["keep_rate"][one.score][f"{rate:.2f}"]
    low, high = (f"{100 * value:.1f}\u00a0%" for value in cell["ci95"])
    assert f"{100 * cell['value']:.1f}\u00a0% top-1 accuracy, 95\u00a0% interval {low} to {high}" in card


@pytest.mark.browser
def test_the_slider_redraws_without_a_request(board):
    board.rate(0.5)
    before = len(board.visit.requests)
    seen = {board.pixels()}
    board.visit.press("ArrowLeft", times=2)
    seen.add(board.pixels())
    assert board.text("rate") == "40\u00a0%"
    assert board.page.text_content(".tc-spoken") == board.text("finding")
    slider = board.page.locator(".tc-rate-input").bounding_box()
    board.page.mouse.click(slider["x"] + slider["width"] - 2, slider["y"] + slider["height"] / 2)
    board.visit.next_frames()
    assert board.text("rate") == "100\u00a0%"
    assert "both keep all 64 patches" in board.text("finding")
    seen.add(board.pixels())
    assert len(seen) == 3
    assert len(board.visit.requests) == before


@pytest.mark.browser
def test_downloads_tell_what_is_shown(board, tmp_path):
    comparison = compare_clip(str(clip_path()), side(SHORT, "attention"), side("audiomae-spc12", "variation"))
    files = {}
    board.page.select_option(".tc .tp-paper-width", "one")
    for kind in ("png", "svg", "pdf", "csv"):
        with board.page.expect_download() as caught:
            board.page.click(f".tc [data-do={kind}]")
        name = caught.value.suggested_filename
        assert "ast-spc12-by-attention_audiomae-spc12-by-variation" in name
        files[kind] = tmp_path / name
        caught.value.save_as(files[kind])
    with Image.open(files["png"]) as picture:
        assert abs(picture.width / 600 * 25.4 - 85) < 0.2  # one column at 600 dpi
    svg = files["svg"].read_text(encoding="utf-8")
    assert 'width="85mm"' in svg and "both keep: " in svg
    assert board.text("caption") in html.unescape(svg)  # as its title, not in the picture
    assert files["pdf"].read_bytes().startswith(b"%PDF")
    with files["csv"].open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(KEEP_RATES) * len(PRUNE_BLOCKS)
    source = {"file": comparison["clip"]["name"], "method_a": "drop", "method_b": "drop", "same": "keep_rate"}
    source |= {
        "model_a": "ast-spc12",
        "score_a": "attention",
        "model_b": "audiomae-spc12",
        "score_b": "variation",
    }
    for i, row in enumerate(rows):
        assert source.items() <= row.items()
        assert float(row["window_start_s"]) == comparison["clip"]["start"]
        pair, (at, stage) = comparison["matches"]["keep_rate"][i // 3], divmod(i, 3)
        assert float(row["keep_rate_a"]) == float(row["keep_rate_b"]) == KEEP_RATES[at]
        assert int(row["after_block"]) == PRUNE_BLOCKS[stage]
        for key, value in pair["stages"][stage].items():
            assert float(row["after_block" if key == "block" else key]) == value
        assert float(row["tau"]) == comparison["tau"]
        for letter in "ab":
            point = comparison["sides"][letter]["points"][at]
            assert int(row[f"macs_{letter}"]) == point["macs"]
            assert [row[f"answer_{letter}"], float(row[f"probability_{letter}"])] == point["top"][0]


@pytest.mark.browser
def test_the_same_cost_and_two_windows(board, tmp_path):
    board.choose("b", LONG, "attention")
    board.match("macs")
    board.rate(0.5)
    cheap, dear = (
        [cached_model(choice_of(name)).config.macs(rate) / 1e9 for rate in (0.3, 1)] for name in (SHORT, LONG)
    )
    assert cheap[1] < dear[0]
    assert board.text("rate-name") == "Keep-rate of A"
    apart = " to ".join(f"{cost:.2f} G" for cost in cheap), " to ".join(f"{cost:.2f} G" for cost in dear)
    assert f"cannot cost the same: A costs {apart[0]} MACs, B {apart[1]}." in board.text("cost")
    differs = board.text("differs")
    assert "what they recognise (" in differs
    assert "the time they read (1.3 s, 5.1 s)" in differs
    short = kept_sets(side(SHORT, "attention"), samples_read(), 0.5)
    long = kept_sets(side(LONG, "attention"), samples_read(5.2), 0.3)
    for row, block in zip(board.overlaps(), PRUNE_BLOCKS, strict=True):
        assert row[1:5] == [str(n) for n in list(counts_of(short[block], long[block], 64).values())[:4]]
    assert "They know different classes" in board.text("answers")
    assert "64 patches of the time that both read" in board.text("note")
    assert "Outside that time B keeps" in board.text("note")
    assert "keep 30\u00a0%" in board.text("b")
    # Another clip is compared in the same way, at the same place on the slider.
    board.visit.upload(write_sweep(tmp_path / "sweep.wav"))
    board.page.wait_for_function("document.querySelector('.tc-picture').ariaLabel.includes('sweep.wav')")
    assert board.text("rate") == "50\u00a0%"
    board.match("keep_rate")


@pytest.mark.browser
def test_two_equal_sides_are_named_as_equal(board):
    board.choose("b", SHORT, "attention")
    assert board.text("finding").startswith("A and B are the same")
    assert [row[5] for row in board.overlaps()] == ["1.00"] * 3
    assert "τ = 1.00" in board.text("tau").replace("\u00a0", " ")
    assert board.visit.errors == []
    assert board.visit.foreign_requests() == []


@pytest.mark.browser
def test_phone_and_dark(open_tab):
    phone = open_tab("?__theme=dark", width=390, height=844, has_touch=True, is_mobile=True)
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    outside = phone.page.evaluate(
        """[...document.querySelectorAll('#compare-content *')].filter(element => {
            const box = element.getBoundingClientRect();
            return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
        }).map(element => element.className)"""
    )
    assert outside == []
    crowded = phone.page.evaluate(
        """() => {
            const cells = [...document.querySelectorAll('.tc-top tbody td')];
            for (const cell of cells) cell.textContent = 'Telephone bell ringing 35 %';
            return cells.map(cell => cell.scrollWidth - cell.clientWidth);
        }"""
    )
    assert len(crowded) == 2 * 3 * 2 and max(crowded) <= 0  # long names of classes take two lines
    brightest = phone.page.evaluate(
        """() => {
            const canvas = document.querySelector('.tc-picture');
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, 24).data;
            let most = 0;
            for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) most = Math.max(most, data[i]);
            return most;
        }"""
    )
    assert brightest > 200  # the headings on the canvas are light on the dark page
    names = phone.page.evaluate(
        """[...document.querySelectorAll('.tc input, .tc button')]
            .map(element => element.labels?.[0]?.innerText || element.innerText)"""
    )
    assert all(names)
    assert phone.visit.errors == []


def test_methods_are_compared_at_the_same_keep_rate():
    one, other = Side(choice_of(SHORT), "attention"), Side(choice_of(SHORT), "attention", "merge")
    message = compare_clip(str(clip_path()), one, other)
    assert message["sides"]["b"]["name"] == f"{SHORT}, merged"
    assert not message["same"] and message["tau"] is None
    kept = [stage["both"] + stage["only_b"] for stage in message["matches"]["keep_rate"][4]["stages"]]
    assert kept == [32, 16, 8]  # merging leaves as many tokens as dropping
    assert message["sides"]["a"]["points"][4]["macs"] < message["sides"]["b"]["points"][4]["macs"]
    with pytest.raises(InputError, match="Leave the score at 'attention'"):
        compare_clip(str(clip_path()), one, Side(choice_of(SHORT), "random", "merge"))
