"""The Robustness tab: how often each patch survives when the clip is changed slightly."""

from __future__ import annotations

import html
import logging
from collections.abc import Iterator

import gradio as gr
import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tpexplore.errors import InputError
from tpexplore.figures.clusters import cell_axes
from tpexplore.figures.figure_csv import SKIP
from tpexplore.figures.style import finish, label_axes
from tpexplore.figures.titles import number, percent
from tpexplore.model.plan import PRUNE_BLOCKS, SCORES
from tpexplore.signal.grid import PATCH
from tpexplore.signal.mel import MEL_BINS
from tpexplore.signal.spectrogram import HOP_SECONDS
from tpexplore.study.stability import Stability, stability_steps
from tpexplore.ui.analysis import NO_CLIP, ClipTrace, ModelChoice, check_request, traced
from tpexplore.ui.payload import hertz_ticks
from tpexplore.ui.plots import FigureBox

from . import Setting, Tab, keep_rate_slider
from .running import QUEUED, QUIET, RunBar, progress_html
from .table import table_box, table_html

log = logging.getLogger(__name__)

HELP = """
Would the model keep the same patches if you had pressed record a moment earlier, stood nearer, or had a
little noise in the room? The clip runs again up to 80 ms earlier and later, 6 dB louder and quieter, and with
faint noise.
"""

NOTE = """
IoU: patches kept both times, of those kept at least once, after block 10. τ: how far the rankings at block 4
agree, where all patches are still there. Both are 1 where nothing changes. Patches are compared at the same
place; shifts of up to half a patch move the grid of patches over the sound, so firm patches are firm in spite
of that.
"""

COLUMNS = 256
"""Most columns of the small spectrogram; more would not be seen."""


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    gr.Markdown(HELP, elem_classes="tab-help")
    with gr.Row(elem_classes="settings"):
        keep_rate = keep_rate_slider(min_width=260, elem_id="stability-rate")
        score = gr.Radio(
            list(SCORES),
            value=SCORES[0],
            label="Ranked by",
            info="What decides which patches stay.",
            min_width=260,
            elem_id="stability-score",
        )
    bar = RunBar("stability", "Run again", by_itself=True)
    with gr.Column(visible=False, elem_id="stability-result", elem_classes="figure") as result:
        box = FigureBox("stability")
        table = table_box("stability-changes")
        gr.Markdown(NOTE, elem_classes="tab-note")
    request = gr.State(None)
    hidden = {result: gr.update(visible=False)}  # whatever is shown is of another request

    def refresh(path, choice, start, keep_rate: float, score: str) -> tuple:
        check_request(path, choice)
        return ((path, choice, start, keep_rate, score),)  # that it has changed starts the run

    def on_run(settings: tuple | None) -> Iterator[dict]:
        # A generator: between two batches Gradio can end it, when Stop is pressed or the page is left.
        try:
            if settings is None:
                raise InputError(NO_CLIP)
            *clip, keep_rate, score = settings
            trace, results = traced(*clip), []
            for done, total in _followed(trace, keep_rate, score, results):
                yield {bar.status: progress_html(done, total, f"{done} of {total} versions of the clip")}
            shown = box.show(stability_figure(results[0], trace), trace)
            yield {
                **bar.done(),
                result: gr.update(visible=True),
                **dict(zip(box.outputs, shown, strict=True)),
                table: changes_table(results[0]),
            }
        except InputError as error:
            yield {**bar.failed(str(error)), **hidden}
        except Exception:
            log.exception("the stability of %s failed", settings)
            yield {**bar.failed("The clip could not be analysed; the app's log says why."), **hidden}

    starts = [request.change, bar.run.click]
    begun = gr.on(starts, bar.waiting, None, bar.outputs, queue=False, trigger_mode="always_last", **QUIET)
    running = begun.then(on_run, request, [*bar.outputs, result, *box.outputs, table], **QUEUED)
    # What was asked for before need not be finished.
    gr.on(starts, cancels=[running], **QUIET)

    def on_stop() -> dict:
        return {**bar.stopped("Stopped."), **hidden}

    bar.stop.click(on_stop, None, [*bar.outputs, result], cancels=[running], queue=False, **QUIET)
    link = {"keep-rate": Setting.of(keep_rate), "score": Setting.of(score)}
    shared = {keep_rate: "rate", score: "score"}
    return Tab("stability", [request], refresh, [keep_rate, score], link=link, page=shared)


def _followed(trace: ClipTrace, keep_rate: float, score: str, results: list) -> Iterator[tuple[int, int]]:
    """The steps of the run; its result is added to ``results``."""
    results.append((yield from stability_steps(trace.model, trace.samples, keep_rate, score)))


# -- what is shown


def stability_figure(result: Stability, trace: ClipTrace) -> go.Figure:
    """The clip's spectrogram, and below it how often each patch survives blocks 4, 7 and 10."""
    stages = PRUNE_BLOCKS[::-1]  # from the bottom, so that the lowest one has the figure's first axes
    names = [f"after block {block}" for block in PRUNE_BLOCKS]
    figure = make_subplots(
        len(stages) + 1,
        1,
        shared_xaxes=True,
        start_cell="bottom-left",
        vertical_spacing=0.06,
        subplot_titles=[*names[::-1], "the clip as it is"],
    )
    grid, top = result.config.grid, MEL_BINS / PATCH
    seconds, rows = cell_axes(grid)
    edges = [(np.arange(len(places)), places) for places in (grid.frame_edges, grid.bin_edges)]
    ids = grid.as_map(np.arange(grid.patches)).T
    for place, block in enumerate(stages, start=1):
        share = grid.as_map(result.survival[block]).T
        figure.add_trace(
            go.Heatmap(
                z=share,
                x=seconds,
                y=rows,
                customdata=ids,
                meta=["survives", "patch"],
                name=f"after block {block}",
                coloraxis="coloraxis",
                hovertemplate="patch %{customdata}, %{x:.2f} s<br>survives in %{z:.0%}<extra></extra>",
            ),
            place,
            1,
        )
        x, y = outline(grid.as_map(result.kept[block]).T)
        x, y = (np.interp(at, *places) for at, places in zip((x, y), edges, strict=True))
        for colour, width in (("#ffffff", 4), ("#000000", 1.8)):  # black on light cells, its rim on dark ones
            figure.add_trace(
                go.Scatter(
                    x=x * HOP_SECONDS,
                    y=y / PATCH,
                    mode="lines",
                    line={"color": colour, "width": width},
                    hoverinfo="skip",
                    showlegend=False,
                    meta=SKIP,
                ),
                place,
                1,
            )
    figure.add_trace(_picture(trace), len(stages) + 1, 1)
    label_axes(figure, "", "mel row")
    figure.update_xaxes(range=[0, grid.seen_frames * HOP_SECONDS], showgrid=False, title_text="")
    figure.update_xaxes(title_text="seconds; outlined: kept in the clip as it is", row=1, col=1)
    ticks = [tick for tick in hertz_ticks() if tick["label"] in ("250", "1k", "4k")]
    figure.update_yaxes(
        range=[0, top],
        tickvals=[tick["at"] * top for tick in ticks],
        ticktext=[f"{tick['label']} Hz" for tick in ticks],
        title_text="",
        showgrid=False,
    )
    figure.update_annotations(font={"size": 12}, x=0, xanchor="left")
    figure.update_layout(
        coloraxis={
            "colorscale": "Cividis",
            "cmin": 0,
            "cmax": 1,
            "colorbar": {
                "orientation": "h",
                "title": {"text": "share of changed clips in which a patch survives", "side": "top"},
                "tickformat": ".0%",
                "tickvals": [0, 0.25, 0.5, 0.75, 1],
                "thickness": 8,
                "len": 0.9,
                "x": 0,
                "xanchor": "left",
                "y": -0.1,
                "yanchor": "top",
            },
        }
    )
    return finish(figure, stability_title(result), height=620)


def stability_title(result: Stability) -> str:
    """What a run says, in one sentence."""
    last, changed = PRUNE_BLOCKS[-1], len(result.outcomes)
    kept = result.kept[last]
    firm = int((result.survival[last][kept] == 1).sum())
    label = result.config.labels[result.answer]
    return (
        f"{firm or 'None'} of the {int(kept.sum())} patches kept to the end survive every change;"
        f" the answer stays “{label}” in {result.same_answers} of {changed}"
    )


def outline(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lines around the true cells of a (rows, columns) map, as x and y with nan between lines."""
    padded = np.pad(mask, 1).astype(np.int8)
    lines = []
    for row, column in zip(*np.nonzero(np.diff(padded, axis=0)[:, 1:-1]), strict=True):
        lines.append(((column, column + 1), (row, row)))
    for row, column in zip(*np.nonzero(np.diff(padded, axis=1)[1:-1]), strict=True):
        lines.append(((column, column), (row, row + 1)))
    points = [(*axis, np.nan) for line in lines for axis in line]
    return np.ravel(points[::2]).astype(float), np.ravel(points[1::2]).astype(float)


def _picture(trace: ClipTrace) -> go.Heatmap:
    """The normalised spectrogram, coarse and in grey."""
    spec = trace.spec.numpy()
    step = -(-len(spec) // COLUMNS)
    coarse = np.stack([part.mean(0) for part in np.split(spec, range(step, len(spec), step))])
    coarse = coarse.reshape(len(coarse), -1, 2).mean(2)
    low, high = coarse.min(), coarse.max()
    return go.Heatmap(
        z=np.round(255 * (coarse - low) / max(high - low, 1e-6)).astype(int).T.tolist(),
        x=((np.arange(len(coarse)) + 0.5) * step * HOP_SECONDS).tolist(),
        y=((np.arange(MEL_BINS // 2) + 0.5) * 2 / PATCH).tolist(),
        colorscale="Greys_r",
        showscale=False,
        hoverinfo="skip",
        meta=SKIP,
    )


def changes_table(result: Stability) -> str:
    """What each change did, as an HTML table; answers that differ are bold."""
    last = PRUNE_BLOCKS[-1]
    rows = [["none", _answer(result, result.answer, result.probability), "1", "1"]]
    for outcome in result.outcomes:
        answer = _answer(result, outcome.answer, outcome.probability)
        rows.append([outcome.change.name, answer, _cell(outcome.iou[last]), _cell(outcome.tau)])
    return table_html("What each change did to answer and choice", ["Change", "Answer", "IoU", "τ"], rows, 2)


def _answer(result: Stability, index: int, probability: float) -> str:
    text = f"{html.escape(result.config.labels[index])}, {percent(probability)}"
    return text if index == result.answer else f"<strong>{text}</strong>"


def _cell(value: float) -> str:
    return "–" if np.isnan(value) else number(value)
