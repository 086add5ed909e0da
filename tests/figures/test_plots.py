"""Figures show the numbers they are given, and their titles say what these are."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import plotly.graph_objects as go
import pytest

from tpexplore.figures import plots, titles
from tpexplore.figures.plots import Series, Survival, to_csv
from tpexplore.model.plan import PRUNE_BLOCKS

RISING = [0.02, 0.05, -0.03, 0.08, 0.3, 0.35, 0.4, 0.42, 0.5, 0.45, 0.5, 0.55]
TICKS = [("100", 0.05), ("250", 0.12), ("1k", 0.4), ("8k", 1.0)]
EDGES = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5)


def rows_of(figure: go.Figure) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(figure))))


def named(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data if trace.name}


# -- Kendall's tau


def test_kendall_curves_are_the_values_given():
    dataset = Series("dataset", [v / 2 for v in RISING], [v / 2 - 0.1 for v in RISING], RISING)
    figure = plots.kendall_figure("intensity", Series("clip", RISING), dataset, Series("paper", RISING[::-1]))
    curves = named(figure)
    assert list(curves["clip"].y) == RISING
    assert list(curves["paper"].y) == RISING[::-1]
    assert list(curves["clip"].x) == list(range(1, 13))
    assert figure.layout.yaxis.range == (-0.4, 1)
    assert figure.layout.yaxis.zeroline
    band = next(trace for trace in figure.data if trace.fill == "toself")
    assert list(band.y) == [*RISING, *[v / 2 - 0.1 for v in RISING][::-1]]


def test_kendall_csv_has_every_curve_with_its_interval_and_no_decoration():
    dataset = Series("dataset", RISING, [v - 0.1 for v in RISING], [v + 0.1 for v in RISING])
    figure = plots.kendall_figure("intensity", Series("clip", [math.nan, *RISING[1:]]), dataset, None)
    rows = rows_of(figure)
    assert len(rows) == 24
    assert list(rows[0]) == ["series", "block", "Kendall τ", "low 95 %", "high 95 %"]
    measured = [row for row in rows if row["series"] == "dataset"]
    assert [float(row["Kendall τ"]) for row in measured] == pytest.approx(RISING)
    assert [float(row["low 95 %"]) for row in measured] == pytest.approx([v - 0.1 for v in RISING])
    clip = [row for row in rows if row["series"] == "clip"]
    assert (clip[0]["Kendall τ"], clip[0]["low 95 %"]) == ("", "")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.5] * 12, "Attention follows intensity in all 12 blocks (mean τ-b 0.50)"),
        ([-0.5] * 12, "Attention runs against intensity in all 12 blocks (mean τ-b −0.50)"),
        (RISING, "Attention follows intensity from block 5 on (mean τ-b 0.30)"),
        ([0.5, -0.5, *[0.5] * 10], "Attention follows intensity in 11 of 12 blocks (mean τ-b 0.42)"),
        ([0.05, -0.05] * 6, "Attention is unrelated to intensity (mean τ-b 0.00)"),
        ([-0.3] * 2 + [0.0] * 10, "Attention runs against intensity in 2 of 12 blocks (mean τ-b −0.05)"),
        ([0.3] * 2 + [0.0] * 10, "Attention follows intensity in only 2 of 12 blocks (mean τ-b 0.05)"),
        ([math.nan] * 12, "Kendall's τ of intensity is undefined: all values are equal"),
    ],
)
def test_kendall_title_says_the_finding(values, said):
    figure = plots.kendall_figure("intensity", Series("clip", values), None, None)
    assert figure.layout.title.text == said


def test_ties_counted_as_agreement_are_judged_by_what_unrelated_scores_would_give():
    said = titles.kendall_title("variation", [0.3] * 12, "τ", unrelated=0.25)
    assert said == "Attention is unrelated to variation (mean τ 0.30, 0.25 if unrelated)"
    figure = plots.kendall_figure("variation", Series("clip", [0.3] * 12), None, None, "τ", 0.25)
    assert [line.y0 for line in figure.layout.shapes] == [0.25]


# -- clusters


def test_cluster_map_puts_patch_ids_where_they_belong():
    clusters = np.arange(16) % 5  # two time columns of eight rows
    values = np.linspace(-1, 1.5, 16)
    figure = plots.cluster_map(clusters, "intensity", values, EDGES, 20, TICKS)
    heat = figure.data[0]
    for patch in range(16):
        column, row = divmod(patch, 8)
        assert heat.z[row, column] == clusters[patch] + 1
        assert heat.customdata[row, column] == values[patch]
    assert figure.layout.yaxis.range == (0, 8)  # row 0, the lowest, at the bottom
    assert list(heat.x) == pytest.approx([0.08, 0.24])
    assert figure.layout.yaxis.ticktext == ("8k", "1k", "250")  # 100 would touch 250
    rows = rows_of(figure)
    assert len(rows) == 16
    assert {row["cluster"] for row in rows} == {"1", "2", "3", "4", "5"}


def test_padding_is_marked_where_the_sound_ends():
    at = {
        frames: [
            shape.x0
            for shape in plots.cluster_map(
                [0] * 16, "intensity", [0] * 16, EDGES, frames, TICKS
            ).layout.shapes
        ]
        for frames in (20, 32)
    }
    assert set(at[20]) == {0.2}
    assert at[32] == []


def test_share_title_compares_with_the_dataset():
    own = [0.4, 0.2, 0.2, 0.1, 0.1]
    said = {
        usual: titles.share_title("intensity", own, [usual, 0, 0, 0, 1 - usual]).replace("\u00a0", " ")
        for usual in (0.3, 0.6, 0.9)
    }
    start = "60 % of this clip's patches are of low intensity (C1, C2), "
    assert said == {
        0.3: start + "more than its dataset's 30 %",
        0.6: start + "as in its dataset's 60 %",
        0.9: start + "less than its dataset's 90 %",
    }


def test_bars_hold_shares_and_edges():
    sources = {"this clip": [0.1, 0.2, 0.4, 0.2, 0.1], "its dataset": [0.2] * 5}
    figure = plots.share_bars("variation", sources)
    assert [list(trace.x) for trace in figure.data] == [
        pytest.approx([100 * sources[name][i] for name in sources]) for i in range(5)
    ]
    assert "C3" in figure.layout.title.text
    figure = plots.edge_bars(
        "intensity", {"its dataset": EDGES, "paper, ESC-50": tuple(e - 0.2 for e in EDGES)}
    )
    for i, trace in enumerate(figure.data):
        assert trace.base[0] == EDGES[i]
        assert trace.base[0] + trace.x[0] == pytest.approx(EDGES[i + 1])
    said = "Low intensity (C1, C2) ends at 0.00 in its dataset, at −0.20 in the paper"
    assert figure.layout.title.text == said
    row = next(row for row in rows_of(figure) if (row["series"], row["source"]) == ("C2", "its dataset"))
    assert (float(row["from"]), float(row["normalised intensity"])) == (-0.5, 0.0)


# -- survival


def test_survival_lines_are_percent_of_each_group():
    groups = [
        Survival("C1", "#000000", [1, 0.4, 0.1, 0.0], [1, 0.5, 0.2, 0.1]),
        Survival("C2", "#000000", None, [1, 0.6, 0.3, 0.2]),
    ]
    lines = named(plots.survival_figure(groups, 0.5, "title"))
    assert list(lines["C1"].y) == [100, 40, 10, 0]
    assert list(lines["dataset C1"].y) == [100, 50, 20, 10]
    assert list(lines["all patches"].y) == [100, 50, 25, 12.5]
    assert "C2" not in lines
    assert lines["dataset C2"].showlegend  # no line of the clip stands for its colour
    assert not lines["dataset C1"].showlegend


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ([0.1, 0.4, math.nan], "C2 survives 4.0× as often as C1: 40 % against 10 %"),
        ([0.01, 0.4, 0.2], "C2 survives 40× as often as C1: 40 % against 1 %"),
        ([0.0, 0.4, 0.2], "Nothing of C1 survives, 40 % of C2 does"),
        ([0.41, 0.4, 0.4], "C1 and C2 survive about equally: 41 % and 40 %"),
        ([math.nan, 0.4, math.nan], "Only C2 is present"),
    ],
)
def test_survival_title_says_who_survives(last, said):
    assert titles.survival_title(["C1", "C2", "C3"], last).replace("\u00a0", " ") == said


# -- statistics


def test_joint_panels_share_axes_and_colours():
    before, after = np.zeros((20, 20)), np.zeros((20, 20))
    before[5, 3], after[15, 3] = 1.0, 2.5
    x, y = np.linspace(-1, 1, 21), np.linspace(0, 1, 21)
    means = {"intensity": (-0.45, 0.55), "variation": (0.17, 0.2)}
    figure = plots.joint_figure("This clip", before, after, x, y, means, 0.5)
    left, right = figure.data
    assert left.z[3, 5] == 1.0  # variation up, intensity to the right
    assert right.z[3, 15] == 2.5
    assert left.coloraxis == right.coloraxis == "coloraxis"
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 2.5)
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range == (-1, 1)
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range == (0, 1)
    said = (
        "keeping 50\u00a0% moves the mean intensity from −0.45 to 0.55 and mean variation from 0.17 to 0.20"
    )
    assert figure.layout.title.text == f"This clip: {said}"
    assert len(rows_of(figure)) == 800
    same = plots.joint_figure("This clip", before, before, x, y, means, 1.0)
    assert same.layout.title.text == "This clip: at keep-rate 1 every patch stays"


def test_attention_boxes_hold_the_values_or_their_quantiles():
    kept = {block: [2.0, 3.0] for block in PRUNE_BLOCKS}
    dropped = {block: [0.5] for block in PRUNE_BLOCKS}
    figure = plots.attention_figure("This clip", kept, dropped, dict.fromkeys(PRUNE_BLOCKS, 1.0))
    boxes = named(figure)
    assert list(boxes["kept"].y) == [2.0, 3.0] * 3
    assert list(boxes["dropped"].y) == [0.5] * 3
    assert "get far more attention than dropped ones" in figure.layout.title.text
    five = {block: [1, 2, 3, 4, 5] for block in PRUNE_BLOCKS}
    figure = plots.attention_figure("Dataset", five, five, dict.fromkeys(PRUNE_BLOCKS, 0.0), quantiles=True)
    box = named(figure)["kept"]
    assert [list(part) for part in (box.lowerfence, box.q1, box.median, box.q3, box.upperfence)] == [
        [n] * 3 for n in (1, 2, 3, 4, 5)
    ]
    assert "get about as much attention as dropped ones" in figure.layout.title.text
    rows = rows_of(figure)
    assert [float(rows[0][name]) for name in ("5 %", "25 %", "50 %", "75 %", "95 %")] == [1, 2, 3, 4, 5]


def test_nothing_dropped_is_said():
    deltas = dict.fromkeys(PRUNE_BLOCKS, math.nan)
    all_kept, empty = (dict.fromkeys(PRUNE_BLOCKS, values) for values in ([1.0], []))
    figure = plots.attention_figure("This clip", all_kept, empty, deltas)
    assert figure.layout.title.text == "This clip: nothing is dropped"
    assert titles.delta_title([math.nan] * 3, dataset=False) == "In this clip nothing is dropped"


def test_effect_sizes_are_drawn_with_their_interval():
    dataset = Series("dataset", [0.5, 0.4, 0.3], [0.4, 0.3, 0.2], [0.55, 0.45, 0.35])
    figure = plots.delta_figure(Series("this clip", [0.6, 0.5, -0.2]), dataset)
    drawn = named(figure)["dataset"]
    assert list(drawn.error_y.array) == pytest.approx([0.05] * 3)
    assert list(drawn.error_y.arrayminus) == pytest.approx([0.1] * 3)
    said = "Over the dataset kept patches get more attention at every stage: δ 0.50, 0.40, 0.30"
    assert figure.layout.title.text == said
    alone = plots.delta_figure(Series("this clip", [0.6, 0.5, -0.2]), None)
    said = "In this clip kept patches get more attention at some stages and less at others"
    assert alone.layout.title.text == f"{said}: δ 0.60, 0.50, −0.20"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.6, 0.7, 0.8], "more attention at every stage"),
        ([-0.6, -0.7, -0.8], "less attention at every stage"),
        ([0.1, -0.1, 0.0], "about as much attention as dropped ones"),
        ([0.6, 0.1, math.nan], "more attention at some stages only"),
        ([-0.6, 0.1, 0.0], "less attention at some stages only"),
        ([0.6, 0.0, -0.6], "more attention at some stages and less at others"),
    ],
)
def test_delta_title_knows_both_signs(values, words):
    said = titles.delta_title(values, dataset=False)
    assert said.startswith(f"In this clip kept patches get {words}: δ ")
    assert "nan" not in said


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (0.9, "far more attention than"),
        (0.2, "more attention than"),
        (-0.1, "about as much attention as"),
        (-0.2, "less attention than"),
        (-0.6, "far less attention than"),
    ],
)
def test_attention_title_knows_both_signs(delta, words):
    said = titles.attention_title("This clip", {4: 0.0, 10: delta})
    number = f"{delta:.2f}".replace("-", "−")
    assert said == f"This clip: at block 10 kept patches get {words} dropped ones (Cliff's δ {number})"


@pytest.mark.parametrize(("own", "usual"), [(0.0, 0.0), (0.004, 0.001), (0.0, 0.004)])
def test_two_shares_that_read_alike_are_called_alike(own, usual):
    said = titles.share_title("intensity", [own, 0, 1 - own, 0, 0], [usual, 0, 0, 0, 1 - usual])
    assert said.replace("\u00a0", " ").endswith("low intensity (C1, C2), as in its dataset's 0 %")


def test_a_zero_has_no_sign():
    assert titles.number(-0.001) == "0.00" and titles.number(-0.01) == "−0.01"


# -- look


def contrast(a: str, b: str) -> float:
    """WCAG contrast ratio of two #rrggbb colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_data_colours_are_seen_on_white_and_on_the_dark_page():
    named_colours = (plots.CLIP, plots.DATASET, plots.PAPER, plots.SOUND, plots.PADDING)
    for colour in (*named_colours, *plots.CLUSTER_COLOURS):
        assert contrast(colour, "#ffffff") >= 3, colour
        assert contrast(colour, "#0b0f19") >= 3, colour
