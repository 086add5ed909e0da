"""What the tab "Paper" says: verdicts, then every table and figure. Knows no Gradio."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

from tpexplore.numbers import number, percent
from tpexplore.results.comparison import (
    COUNTERPARTS,
    SAME_TASK,
    TABLES,
    ComparisonRow,
    compare,
    counterpart,
    csv_text,
    load_evidence,
    load_published,
    to_csv,
    vit_b_macs,
)
from tpexplore.results.judging import NOT_MEASURED, RULE, VERDICTS, Verdict
from tpexplore.results.measures import range_text, with_interval
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
FIXED = "trained_at_"
"""How results name a checkpoint trained at one keep-rate."""


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
    notes = {dataset: f"{DATASETS[dataset]}{_tested(dataset, evidence)}" for dataset in COUNTERPARTS}
    one, two, three, four, figure = (by_table[table] for table in TABLES)
    yield Section(
        "table-1",
        "Table I: accuracy at each keep-rate",
        _losses(
            one, RATE, lambda row: row.line == "attention", f"At keep-rate {percent(RATE)}, by attention,"
        ),
        "The paper fine-tuned a model for every keep-rate and score; here one checkpoint serves them all. The"
        " published code takes intensity and variation of the patch one or two places beside (its indices are"
        " shifted by the prefix) and drops CLS; here patch i means patch i. Small figures are 95 % intervals."
        " Extra loss: how many points further than the paper's model ours falls below its own accuracy with"
        " all patches." + _further(evidence),
        score_tables(one, notes),
        saves["Table I"],
    )
    yield Section(
        "table-2",
        "Table II: G MACs of one clip",
        _macs_met(two),
        "Not a measurement but the exact count of the paper's ViT-B with each task's classes and one prefix"
        " token, norms and softmax left out; the paper rounds." + _second_token(two),
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
        _largest_gap(three),
        "Clusters belong to the data and its normalisation, not to a model. Only ESC-50's are of the same"
        " kind of sounds; both are of test data.",
        band_table(three, "Table III: share of patches in each variation cluster, %", "data", {}),
        saves["Table III"],
    )
    yield Section(
        "table-4",
        "Table IV: accuracy after losing the low or the high patches",
        _losses(four, "1", lambda row: row.line == "H", "Losing H after block 1")
        + " "
        + _losses(four, "1", lambda row: row.line == "L", "Losing L"),
        "Groups are intensity clusters of the test data, removed from unpruned models. A clip that loses all"
        f" patches still counts here{_emptied(evidence)}; the published code leaves it out of its score.",
        removal_tables(four, notes),
        saves["Table IV"],
    )
    yield Section(
        "figure-4",
        "Fig. 4: Kendall’s τ between attention and cluster rank, by block",
        _means(figure),
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
        _boundaries(clusters),
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
    heard = faithfulness_table(measured)
    body += _folded("Does what is kept suffice? Each part heard alone", heard) if heard else ""
    save = csv_link("drop-fuse-merge.csv", csv_text(COLUMNS, methods_csv(measured)))
    return Section("methods", METHODS_TITLE, " ".join(summary(measured)), METHODS_WHY, body, save)


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


# What each section finds


def _losses(
    rows: Sequence[ComparisonRow], column: str, chosen: Callable[[ComparisonRow], bool], start: str
) -> str:
    """ "… costs the paper's models 0.2 to 4.3 points, ours 2.4 to 5.6."."""
    own = [row for row in rows if row.column == column and chosen(row)]
    if not own:
        return "The published table is missing."
    paper = [row.published_loss for row in own if row.published_loss is not None]
    here = [row.measured_loss for row in own if row.measured_loss is not None]
    ours = (
        f"ours {range_text(here, '.1f')} ({len(here)} of {len(own)} measured)"
        if here
        else "ours are not measured yet"
    )
    verb = "costs" if start.startswith("Losing") else "pruning costs"
    return f"{start} {verb} the paper's models {range_text(paper, '.1f')} points, {ours}."


def _macs_met(rows: Sequence[ComparisonRow]) -> str:
    if not rows:
        return "The published table is missing."
    gaps = [abs(row.difference) for row in rows]
    return f"The exact count meets all {len(rows)} cells within {max(gaps):.2f} G."


def _second_token(rows: Sequence[ComparisonRow]) -> str:
    """What AST's own second prefix token adds to the table's count."""
    extra = [_two_prefix(row) / 1e9 - row.measured.value for row in rows if row.column == "1.0"]
    return f" AST with its second prefix token needs {range_text(extra, '.2f')} G more." if extra else ""


def _two_prefix(row: ComparisonRow) -> int:
    tokens = load_published()["tables"]["table2_gmacs"]["tokens"][row.dataset]
    return vit_b_macs(row.dataset, tokens, 1.0, prefix=2)


def _largest_gap(rows: Sequence[ComparisonRow]) -> str:
    gaps = [abs(row.measured.value - row.published) for row in rows if row.measured]
    if not gaps:
        return "Not measured yet."
    same = [abs(r.measured.value - r.published) for r in rows if r.measured and r.dataset in SAME_TASK]
    alike = f", on {_same_tasks()} by up to {max(same):.1f}" if same else ""
    count = f"{len(gaps)} of {len(rows)} measured"
    return f"Ours differ from the paper's by up to {max(gaps):.1f} points{alike} ({count})."


def _same_tasks() -> str:
    return " and ".join(sorted(SAME_TASK))


def _boundaries(bars: Sequence[ClusterRange]) -> str:
    """How far our intensity clusters lie from the paper's where both are of the same sounds."""
    moved = [
        abs(ours - theirs)
        for paper, own in pairwise(bars)
        if own.edges and paper.name in {f"{dataset}, paper" for dataset in SAME_TASK}
        for theirs, ours in zip(paper.edges[1:-1], own.edges[1:-1], strict=True)
    ]
    text = "Normalised intensity that each cluster spans, C1 the lowest; beneath, its share of patches in %."
    if not moved:
        return text
    return f"On {_same_tasks()} no boundary lies further than {max(moved):.2f} from the paper's. {text}"


def _means(rows: Sequence[ComparisonRow]) -> str:
    if not rows:
        return "The published curves are missing."
    paper = [row.published for row in rows]
    above, mean = sum(v > 0 for v in paper), sum(paper) / len(paper)
    text = f"Published: {above} of {len(paper)} points above 0, mean {mean:.2f}."
    honest = [m.value for row in rows for name, m in row.beside if name == "tau-b"]
    if not honest:
        return f"{text} Here: not measured yet."
    mean = number(sum(honest) / len(honest))
    return f"{text} Here, under τ-b: {sum(v > 0 for v in honest)} of {len(honest)}, mean {mean}."


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


def _emptied(evidence: Mapping[str, Evidence]) -> str:
    """How many clips lost every patch, where there were any."""
    parts = []
    for name, e in evidence.items():
        for group in ("L", "H"):
            clips = e.cell("analysis", "removal", "intensity", group, "emptied_clips")
            if clips and clips.value:
                parts.append(f"{clips.value:.0f} without {group}, {name}")
    return f" ({'; '.join(parts)})" if parts else ""


def _tested(dataset: str, evidence: Mapping[str, Evidence]) -> str:
    """Our models of a dataset, and on how many clips of which split they were measured."""
    parts = []
    for family in ("AudioMAE", "AST"):
        model, _ = counterpart(dataset, family, evidence)
        if model and model.results.get("n"):
            parts.append(
                f"{model.name} on {model.results['n']} clips ({model.results.get('split', 'test split')})"
            )
    return f" Measured: {'; '.join(parts)}." if parts else ""


def _further(evidence: Mapping[str, Evidence]) -> str:
    """What a checkpoint trained at one rate reaches, against the elastic one, where that was measured."""
    parts = []
    for name, e in evidence.items():
        for key in e.results.get("further", {}):
            gap = e.cell("results", "further", key, "elastic_minus_fixed")
            if gap and key.startswith(FIXED):
                parts.append(
                    f"{with_interval(gap.scaled(100), '+.1f')} points at {key.removeprefix(FIXED)} ({name})"
                )
    if not parts:
        return ""
    return f" Ours minus a checkpoint trained at that keep-rate alone: {', '.join(parts)}."
