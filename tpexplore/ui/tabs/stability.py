"""The Stability tab: how often each patch survives when the clip is changed slightly."""

from __future__ import annotations

import html
import logging
from collections.abc import Iterator

import gradio as gr
import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tpexplore.errors import InputError
from tpexplore.figures.plots import SKIP, cell_axes, finish, label_axes
from tpexplore.figures.titles import number, percent
from tpexplore.model.plan import KEEP_RATES, PRUNE_BLOCKS, SCORES
from tpexplore.signal.grid import PATCH
from tpexplore.signal.mel import MEL_BINS
from tpexplore.signal.spectrogram import HOP_SECONDS
from tpexplore.study.stability import Stability, stability_steps
from tpexplore.ui.analysis import NO_CLIP, ClipTrace, ModelChoice, check_request, traced
from tpexplore.ui.payload import hertz_ticks
from tpexplore.ui.plots import FigureBox

from . import Setting, Tab

log = logging.getLogger(__name__)

HELP = """
Would the same patches survive if you had pressed record a moment earlier, stood nearer, or had a little noise
in the room? This runs the clip again up to 80 ms earlier and later, 6 dB louder and quieter, and with faint
noise, and counts.
"""

NOTE = """
IoU: patches kept both times, of those kept at least once, after block 10. τ: how far the rankings at block 4
agree, where all patches are still there. Both are 1 where nothing changes. Patches are compared at the same
place; shifts of up to half a patch move the grid of patches over the sound, so firm patches are firm in spite
of that.
"""

TABLE_CSS = """
.caption { margin: 12px 0 4px; font-size: 0.85rem; color: var(--body-text-color-subdued); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--border-color-primary); white-space: nowrap; }
th { font-weight: 400; }
thead th { font-weight: 700; }
.words { text-align: left; }
.number { text-align: right; }
"""

COLUMNS = 256
"""Most columns of the small spectrogram; more would not be seen."""


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    gr.Markdown(HELP, elem_classes="tab-help")
    with gr.Row(elem_classes="settings"):
        keep_rate = gr.Slider(
            KEEP_RATES[0],
            KEEP_RATES[-2],
            0.5,
            step=0.05,
            label="Keep-rate of blocks 4, 7 and 10",
            info="Share of the patches present that each of these blocks keeps.",
            min_width=260,
            elem_id="stability-rate",
        )
        score = gr.Radio(
            list(SCORES),
            value=SCORES[0],
            label="Patches are ranked by",
            info="What decides which patches stay.",
            min_width=260,
            elem_id="stability-score",
        )
    with gr.Row():
        run = gr.Button("Run", variant="primary", scale=0, min_width=130, elem_id="stability-run")
        stop = gr.Button("Stop", interactive=False, scale=0, min_width=130, elem_id="stability-stop")
    status = gr.HTML(elem_id="stability-status", elem_classes="message-box")
    with gr.Column(visible=False, elem_id="stability-result", elem_classes="figure") as result:
        box = FigureBox("stability")
        table = table_box("stability-changes")
        gr.Markdown(NOTE, elem_classes="tab-note")
    request = gr.State(None)

    idle = {run: gr.update(interactive=True), stop: gr.update(interactive=False)}

    def refresh(path: str | None, choice: ModelChoice | None, start: float | None) -> tuple:
        check_request(path, choice)
        # Whatever was shown was of another clip or model.
        return (path, choice, start), "", idle[run], idle[stop], gr.update(visible=False)

    def on_run(asked: tuple | None, keep_rate: float, score: str) -> Iterator[dict]:
        # A generator: between two batches Gradio can end it, when Stop is pressed or the page is left.
        try:
            if asked is None:
                raise InputError(NO_CLIP)
            trace, found = traced(*asked), []
            for done, total in _followed(trace, keep_rate, score, found):
                yield {status: progress_html(done, total, f"{done} of {total} versions of the clip")}
            shown = box.show(stability_figure(found[0], trace), trace)
            yield {
                **idle,
                status: "",
                result: gr.update(visible=True),
                **dict(zip(box.outputs, shown, strict=True)),
                table: changes_table(found[0]),
            }
        except InputError as error:
            yield {**idle, status: message_html(str(error))}
        except Exception:
            log.exception("the stability of %s failed", asked)
            yield {**idle, status: message_html("The clip could not be run; the app's log says why.")}

    def on_start() -> dict:
        return {
            run: gr.update(interactive=False),
            stop: gr.update(interactive=True),
            result: gr.update(visible=False),
            status: progress_html(0, 1, "Waiting for its turn"),
        }

    def on_stop() -> dict:
        return {**idle, status: told_html("Stopped.")}

    quiet = {"show_progress": "hidden", "api_visibility": "private"}
    running = run.click(on_start, None, [run, stop, result, status], queue=False, **quiet).then(
        on_run,
        [request, keep_rate, score],
        [run, stop, result, status, *box.outputs, table],
        concurrency_limit=1,
        concurrency_id="model",
        **quiet,
    )
    stop.click(on_stop, None, [run, stop, status], cancels=[running], queue=False, **quiet)
    link = {"keep-rate": Setting.of(keep_rate), "score": Setting.of(score)}
    return Tab("stability", [request, status, run, stop, result], refresh, link=link)


def _followed(trace: ClipTrace, keep_rate: float, score: str, found: list) -> Iterator[tuple[int, int]]:
    """The steps of the run; its result is added to ``found``."""
    found.append((yield from stability_steps(trace.model, trace.samples, keep_rate, score)))


def table_box(id: str) -> gr.HTML:
    """A place for what `table_html` makes."""
    return gr.HTML(css_template=TABLE_CSS, apply_default_css=False, elem_id=id)


def table_html(caption: str, head: list[str], rows: list[list[str]], words: int = 1) -> str:
    """A table of HTML cells: the first names the row, the first ``words`` hold words, the others numbers."""
    kinds = ["words"] * words + ["number"] * (len(head) - words)
    columns = "".join(
        f'<th scope="col" class="{kind}">{cell}</th>' for cell, kind in zip(head, kinds, strict=True)
    )
    lines = ""
    for name, *cells in rows:
        values = zip(cells, kinds[1:], strict=True)
        lines += f'<tr><th scope="row" class="words">{name}</th>'
        lines += "".join(f'<td class="{kind}">{cell}</td>' for cell, kind in values) + "</tr>"
    return (
        f'<p class="caption">{caption}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}">'
        f"<table><thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def progress_html(done: int, total: int, words: str) -> str:
    """A progress bar with words, that screen readers tell."""
    words, share = html.escape(words), 100 * done / max(total, 1)
    return (
        '<div style="display:flex;gap:12px;align-items:center;flex-wrap:wrap">'
        f'<div role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="{total}"'
        f' aria-valuenow="{done}" aria-valuetext="{words}" style="flex:1 1 160px;height:8px;'
        'border-radius:4px;overflow:hidden;background:var(--border-color-primary)">'
        f'<div style="width:{share:.1f}%;height:100%;background:var(--color-accent)"></div></div>'
        f"<span>{words}</span></div>"
    )


def told_html(sentence: str) -> str:
    """A sentence about what was done."""
    return f'<p class="about" role="status">{html.escape(sentence)}</p>'


def message_html(sentence: str) -> str:
    """A sentence about what is wrong."""
    return f'<p class="message" role="alert">{html.escape(sentence)}</p>'


# -- what is shown


def stability_figure(found: Stability, trace: ClipTrace) -> go.Figure:
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
    grid, top = found.config.grid, MEL_BINS / PATCH
    seconds, rows = cell_axes(grid)
    edges = [(np.arange(len(places)), places) for places in (grid.frame_edges, grid.bin_edges)]
    ids = grid.as_map(np.arange(grid.patches)).T
    for place, block in enumerate(stages, start=1):
        share = grid.as_map(found.survival[block]).T
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
        x, y = outline(grid.as_map(found.kept[block]).T)
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
    return finish(figure, stability_title(found), height=620)


def stability_title(found: Stability) -> str:
    """What a run says, in one sentence."""
    last, changed = PRUNE_BLOCKS[-1], len(found.outcomes)
    kept = found.kept[last]
    firm = int((found.survival[last][kept] == 1).sum())
    label = found.config.labels[found.answer]
    return (
        f"{firm or 'None'} of the {int(kept.sum())} patches kept to the end survive every change;"
        f" the answer stays “{label}” in {found.same_answers} of {changed}"
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


def changes_table(found: Stability) -> str:
    """What each change did, as an HTML table; answers that differ are bold."""
    last = PRUNE_BLOCKS[-1]
    rows = [["none", _answer(found, found.answer, found.probability), "1", "1"]]
    for outcome in found.outcomes:
        answer = _answer(found, outcome.answer, outcome.probability)
        rows.append([outcome.change.name, answer, _cell(outcome.iou[last]), _cell(outcome.tau)])
    return table_html("What each change did to answer and choice", ["Change", "Answer", "IoU", "τ"], rows, 2)


def _answer(found: Stability, index: int, probability: float) -> str:
    told = f"{html.escape(found.config.labels[index])}, {percent(probability)}"
    return told if index == found.answer else f"<strong>{told}</strong>"


def _cell(value: float) -> str:
    return "–" if np.isnan(value) else number(value)
