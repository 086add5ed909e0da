"""The content of the Paper tab: verdicts, then every table and figure. Needs no Gradio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

from tpexplore.numbers import percent
from tpexplore.results.comparison import (
    COUNTERPARTS,
    TABLES,
    ComparisonRow,
    compare,
    csv_text,
    load_evidence,
    load_published,
    to_csv,
)
from tpexplore.results.judging import NOT_MEASURED, RULE, VERDICTS, Verdict
from tpexplore.results.methods import Measured, Studies, load_method_studies, load_methods, summary, verdict
from tpexplore.results.store import Evidence
from tpexplore.results.verdicts import verdicts
from tpexplore.stats.cluster_names import CLUSTER_NAMES

from .figures import (
    ClusterRange,
    cluster_bars,
    cluster_ranges,
    contrast_strips,
    histogram_pairs,
    kendall_panels,
)
from .findings import boundaries, emptied, further, largest_gap, losses, macs_met, means, second_token, tested
from .methods import COLUMNS, faithfulness_table, lead_table, method_panels, methods_csv, trained_table
from .tables import (
    READING_ORDER,
    band_table,
    csv_link,
    number_table,
    removal_tables,
    score_tables,
)

HELP = (
    "Does what Lee and Lee found (ECAI 2025, arXiv:2504.01690) also hold for the small models here? Your clip"
    " plays no part. All numbers are read from <code>assets/published</code>, <code>assets/results</code> and"
    " <code>assets/analysis</code>."
)

STRIPS = (
    "Each bar is the 95 % interval of one comparison. Green, right of 0: for the finding. Red, left of 0:"
    " against it. Grey: too close to call."
)

DATASETS = {
    "AS-20K": "AudioSet is not here, so no model was trained or measured on it: the paper's numbers alone.",
    "SPC-2": "Another task. SPC-2 has 35 words in its official lists; spc-12 has 12 of them, with splits made"
    " anew by speaker. Compare what pruning costs, not the accuracies.",
    "ESC-50": "The same 50 classes, but a small model that never saw AudioSet, tested on 16 kHz clips of one"
    " fold, against a ViT-B pre-trained on AudioSet-2M and the mean of five folds and five seeds.",
    "VoxCeleb-1": "VoxCeleb-1 is not here. Another task stands in for it: 34 speakers saying words unheard in"
    " training, against 1,251 in interviews. Each speaker has one recording set-up, so a model may know the"
    " channel instead of the voice.",
}


RATE = "0.5"
"""The keep-rate that sentences quote, as the published tables write it."""

METHODS_TITLE = "Drop, fuse or merge?"
METHODS_WHY = (
    "The paper drops the other patches. EViT, whose schedule it takes, fuses them into one token; ToMe, which"
    " FastAST took to AST, merges patches that are alike and ranks nothing. Here all three run on the same"
    " checkpoints, which were trained with dropped patches only. Bands are 95 % intervals; differences are"
    " paired, on the same clips."
)

VERDICT_COLUMNS = ("finding", "verdict", "model", "comparison", "value", "ci95_low", "ci95_high", "compared")
"""Of the verdicts saved as CSV."""


@dataclass(frozen=True)
class Section:
    """One table or figure."""

    id: str
    title: str
    finding: str
    """What its numbers say, in a sentence."""
    why: str
    """Why ours differ."""
    body: str
    save: str = ""


def page() -> str:
    """The whole tab as HTML, from the files under assets/."""
    published, evidence = load_published(), load_evidence()
    rows = compare(published, evidence)
    sections = "".join(_section(section) for section in _sections(rows, published, evidence))
    sections += _section(_methods(load_methods(), load_method_studies()))
    return f'<div class="pp"><p>{HELP}</p>{_verdicts(verdicts(evidence, published))}{sections}</div>'


def _verdicts(judged: Sequence[Verdict]) -> str:
    items = "".join(
        f'<li data-verdict="{v.verdict}"><h4><span>{v.number}</span>{escape(v.finding)}</h4>'
        f'<p class="pp-verdict">{v.verdict}</p><p>{escape(v.plain)}</p>{contrast_strips(v)}'
        f"<details><summary>Numbers, and how they are judged</summary><p>{escape(v.summary)}</p>"
        f'<p class="pp-help">{escape(v.caveat)} {escape(v.basis)}</p>'
        f"<p>Compared: {escape(v.compared)}. {escape(RULE)}</p>{number_table(v)}</details></li>"
        for v in judged
    )
    counts = [
        f"{count} {name.lower()}" for name in VERDICTS if (count := sum(v.verdict == name for v in judged))
    ]
    return (
        f'<section class="pp-verdicts"><h3>The paper’s findings on our models: {", ".join(counts)}</h3>'
        f'<p class="pp-help">{STRIPS if any(v.contrasts for v in judged) else ""}</p><ol>{items}</ol>'
        f"{csv_link('verdicts.csv', _contrasts_csv(judged))}</section>"
    )


def _contrasts_csv(judged: Sequence[Verdict]) -> str:
    lines = []
    for v in judged:
        for c in v.contrasts:
            ends = (c.margin.value, c.margin.low, c.margin.high)
            lines.append([v.number, v.verdict, c.model, c.what, *ends, v.compared])
        if v.verdict == NOT_MEASURED:
            lines.append([v.number, v.verdict, "", v.summary, None, None, None, v.compared])
    return csv_text(VERDICT_COLUMNS, lines)


def _clusters_csv(bars: Sequence[ClusterRange]) -> str:
    lines = []
    for bar in bars:
        for i, (low, high) in enumerate(pairwise(bar.edges)):
            share = bar.shares[i] if bar.shares else None
            lines.append([bar.name, CLUSTER_NAMES[i], low, high, share, ""])
        if not bar.edges:
            lines.append([bar.name, "", None, None, None, bar.reason])
    return csv_text(("data", "cluster", "low", "high", "share", "reason"), lines)


def _section(section: Section) -> str:
    return (
        f'<details class="pp-section" id="pp-{section.id}"><summary><h3>{escape(section.title)}</h3>'
        f'<p>{escape(section.finding)}</p></summary><p class="pp-why">{escape(section.why)}</p>'
        f"{section.body}{section.save}</details>"
    )


def _sections(
    rows: Sequence[ComparisonRow], published: Mapping[str, Any], evidence: Mapping[str, Evidence]
) -> Iterable[Section]:
    by_table = {table: [row for row in rows if row.table == table] for table in TABLES}
    saves = {
        table: csv_link(f"{table.lower().replace(' ', '-')}.csv", to_csv(own))
        for table, own in by_table.items()
    }
    notes = {dataset: f"{DATASETS[dataset]}{tested(dataset, evidence)}" for dataset in COUNTERPARTS}
    one, two, three, four, figure = (by_table[table] for table in TABLES)
    yield Section(
        "table-1",
        "Table I: accuracy at each keep-rate",
        losses(
            one, RATE, lambda row: row.line == "attention", f"At keep-rate {percent(RATE)}, by attention,"
        ),
        "The paper fine-tuned a model for every keep-rate and score; here one checkpoint serves them all. The"
        " published code takes intensity and variation of the patch one or two places beside (its indices are"
        " shifted by the prefix) and drops CLS; here patch i means patch i. Small figures are 95 % intervals."
        " Extra loss: how many points further than the paper's model ours falls below its own accuracy with"
        " all patches." + further(evidence),
        score_tables(one, notes),
        saves["Table I"],
    )
    yield Section(
        "table-2",
        "Table II: G MACs of one clip",
        macs_met(two),
        "Not a measurement but the exact count of the paper's ViT-B with each task's classes and one prefix"
        " token, norms and softmax left out; the paper rounds." + second_token(two),
        band_table(
            two,
            "Table II: G MACs by keep-rate",
            "data",
            {row.column: percent(row.column) for row in two},
            measured="exact count",
        ),
        saves["Table II"],
    )
    yield Section(
        "table-3",
        "Table III: sizes of the variation clusters, % of all patches",
        largest_gap(three),
        "Clusters belong to the data and its normalisation, not to a model. Only ESC-50's are of the same"
        " kind of sounds; both are of test data.",
        band_table(three, "Table III: share of patches in each variation cluster, %", "data", {}),
        saves["Table III"],
    )
    yield Section(
        "table-4",
        "Table IV: accuracy after losing the low or the high patches",
        losses(four, "1", lambda row: row.line == "H", "Losing H after block 1")
        + " "
        + losses(four, "1", lambda row: row.line == "L", "Losing L"),
        "Groups are intensity clusters of the test data, removed from unpruned models. A clip that loses all"
        f" patches still counts here{emptied(evidence)}; the published code leaves it out of its score.",
        removal_tables(four, notes),
        saves["Table IV"],
    )
    yield Section(
        "figure-4",
        "Fig. 4: Kendall’s τ between attention and cluster rank, by block",
        means(figure),
        "The published curves count tied pairs as agreement, so where nothing is related they"
        " stand at the share of ties, not at 0. The thin line counts as they do, the thick one is τ-b."
        " Lines of other data than the paper's may differ for that alone.",
        kendall_panels(figure) + _kendall_tables(figure),
        saves["Figure 4"],
    )
    clusters = cluster_ranges(published["figure5"].get("intensity", {}), evidence)
    yield Section(
        "figure-5",
        "Fig. 5: range of the intensity clusters",
        boundaries(clusters),
        "The figure prints no edges; these are noted in the authors' scripts, with shares for two datasets."
        " Both normalise by their own data's mean and spread, so the scales are alike but not the same.",
        cluster_bars(clusters),
        csv_link("figure-5.csv", _clusters_csv(clusters)),
    )
    yield Section(
        "figure-6",
        f"Fig. 6: intensity against variation, all patches and those kept at keep-rate {percent(RATE)}",
        "Right is louder, up is more varied; brighter holds more patches.",
        "The paper's panels are pictures without numbers and each has its own axes; here the two of a model"
        " share axes and colours.",
        histogram_pairs(evidence),
    )


def _methods(measured: Measured, studies: Studies) -> Section:
    """The paper drops; its references fuse and merge."""
    if not measured:
        return Section("methods", METHODS_TITLE, verdict(measured, studies), METHODS_WHY, "")
    body = f"<p>{escape(verdict(measured, studies))}</p>" + method_panels(measured)
    body += _folded("The numbers", lead_table(measured))
    body += _folded("After a short training by each method", trained_table(studies)) if studies else ""
    table = faithfulness_table(measured)
    body += _folded("Are the kept parts enough? Each part tested alone", table) if table else ""
    save = csv_link("drop-fuse-merge.csv", csv_text(COLUMNS, methods_csv(measured)))
    return Section("methods", METHODS_TITLE, " ".join(summary(measured)), METHODS_WHY, body, save)


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def _kendall_tables(rows: Sequence[ComparisonRow]) -> str:
    tables = "".join(
        band_table(
            sorted(
                (row for row in rows if row.line == statistic),
                key=lambda row: READING_ORDER.index(row.dataset),
            ),
            f"Fig. 4: τ of {statistic} by block",
            "data and model",
            {},
            measured="here, ties as agreement",
        )
        for statistic in dict.fromkeys(row.line for row in rows)
    )
    return f"<details><summary>The numbers</summary>{tables}</details>"
