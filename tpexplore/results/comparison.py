"""The paper's Tables I to IV and Figure 4, each published number beside the one measured here.

Reads the files under assets/ only; needs no torch. A number that is not there leaves a reason, never a gap.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from tpexplore.checkpoints.bundled import ASSETS
from tpexplore.model.macs import CLASSES, count_macs
from tpexplore.model.plan import FAMILIES, FAMILY_NAMES, SCORES
from tpexplore.numbers import percent
from tpexplore.results.measures import Measure
from tpexplore.results.store import Evidence, find, read_evidence, read_json
from tpexplore.stats.cluster_names import CLUSTER_NAMES

COUNTERPARTS = {"AS-20K": None, "SPC-2": "spc12", "ESC-50": "esc50", "VoxCeleb-1": "speaker34"}
"""Each dataset of the paper, and our task that is compared with it."""

SAME_TASK = frozenset({"ESC-50"})
"""Where ours is the same task, so that the accuracies themselves can be compared."""

GENERAL, SPEECH = ("esc50",), ("spc12", "speaker34")
"""Our tasks that are compared with the paper's general sounds, and with its speech."""

PLACE_COLUMNS = ("table", "dataset", "family", "line", "column", "unit")
NUMBER_COLUMNS = ("ci95_low", "ci95_high", "difference", "published_loss", "measured_loss")
COLUMNS = (*PLACE_COLUMNS, "published", "ours", "measured", *NUMBER_COLUMNS)
"""Of a table saved as CSV."""
TABLES = ("Table I", "Table II", "Table III", "Table IV", "Figure 4")


def load_evidence(assets: Path = ASSETS) -> dict[str, Evidence]:
    """Every model of ours that is compared with one of the paper's, by name, bundled or not."""
    names = [f"{family}-{task}" for task in COUNTERPARTS.values() if task for family in FAMILIES]
    models = {name: read_evidence(name, assets) for name in names}
    # The paper has no AST on VoxCeleb-1, so none is missed here.
    return {name: e for name, e in models.items() if e.card or name != "ast-speaker34"}


def load_published(assets: Path = ASSETS) -> dict[str, Any]:
    """The paper's numbers: "tables", "figure4" and "figure5"; {} for a file that is missing."""
    return {
        "tables": read_json(assets / "published" / "tables.json")[0],
        "figure4": read_json(assets / "published" / "figure4_kendall.json")[0],
        "figure5": read_json(assets / "published" / "figure5_clusters.json")[0],
    }


@dataclass(frozen=True)
class ComparisonRow:
    """One published number beside ours, or beside the reason why ours is missing.

    Accuracies and shares are in percent. ``line`` and ``column`` place it in its table: score and
    keep-rate, cluster, group and block, or statistic and block.
    """

    table: str
    dataset: str
    family: str
    line: str
    column: str
    unit: str
    published: float
    ours: str
    measured: Measure | None
    reason: str = ""
    published_loss: float | None = None
    """Points below the paper's model with all patches."""
    measured_loss: float | None = None
    """Points below our model with all patches."""
    beside: tuple[tuple[str, Measure], ...] = ()
    """Further numbers of ours that belong next to it, by name."""

    @property
    def difference(self) -> float | None:
        """Ours minus published; None for an accuracy in another task, where levels cannot be compared."""
        other_task = self.published_loss is not None and self.dataset not in SAME_TASK
        return None if other_task or self.measured is None else self.measured.value - self.published

    @property
    def more_lost(self) -> float | None:
        """How many points more are lost here than in the paper."""
        if self.measured_loss is None or self.published_loss is None:
            return None
        return self.measured_loss - self.published_loss


def compare(published: dict[str, Any], evidence: Mapping[str, Evidence]) -> list[ComparisonRow]:
    """One row for every published number of Tables I to IV and Figure 4, in the paper's order."""
    tables = published["tables"]
    return [
        *_table1(tables.get("table1_accuracy_by_keep_rate", []), evidence),
        *_table2(tables.get("table2_gmacs", {})),
        *_table3(find(tables, "table3_cluster_shares", "percent") or {}, evidence),
        *_table4(tables, evidence),
        *_figure4(published["figure4"].get("values", {}), evidence),
    ]


def counterpart(dataset: str, family: str, evidence: Mapping[str, Evidence]) -> tuple[Evidence | None, str]:
    """Our model to compare with the paper's, or None and the reason."""
    task = COUNTERPARTS.get(dataset)
    if task is None:
        return None, f"{dataset} cannot be measured: AudioSet is not here."
    own_name = next(own for own, name in FAMILY_NAMES.items() if name == family)
    model = evidence.get(f"{own_name}-{task}")
    return model, "" if model else f"Not measured: there is no {family} for {task} here."


def _measured(model: Evidence | None, reason: str, source: str, path: tuple, what: str, scale: float = 1.0):
    """A row's keywords ``ours``, ``measured`` and ``reason``."""
    if model is None:
        return {"ours": "", "measured": None, "reason": reason}
    cell = model.cell(source, *path)
    if cell is None:
        return {"ours": model.name, "measured": None, "reason": model.why_not(source, what)}
    return {"ours": model.name, "measured": cell.scaled(scale)}


def _loss(cell: Measure | None, unpruned: Measure | None) -> float | None:
    return None if cell is None or unpruned is None else unpruned.value - cell.value


def _unpruned(model: Evidence | None) -> Measure | None:
    cell = model and model.cell("results", "keep_rate", "attention", "1.00")
    return cell.scaled(100) if cell else None


def _table1(series: list[dict], evidence: Mapping[str, Evidence]) -> Iterable[ComparisonRow]:
    for one in series:
        dataset, family, all_patches = one["dataset"], one["model"], one["unpruned"]
        model, reason = counterpart(dataset, family, evidence)
        unpruned = _unpruned(model)
        cells = [("unpruned", "1.0", all_patches)]
        cells += [(score, rate, value) for score in SCORES for rate, value in one[score].items()]
        for line, rate, value in cells:
            score = "attention" if line == "unpruned" else line
            path = ("keep_rate", score, f"{float(rate):.2f}")
            ours = _measured(model, reason, "results", path, f"{score} at keep-rate {percent(rate)}", 100)
            yield ComparisonRow(
                *("Table I", dataset, family, line, rate, "%", value),
                **ours,
                published_loss=all_patches - value,
                measured_loss=_loss(ours["measured"], unpruned),
            )


def _table2(table: dict) -> Iterable[ComparisonRow]:
    for dataset, cells in table.get("gmacs", {}).items():
        for rate, value in zip(table["keep_rates"], cells, strict=True):
            exact = vit_b_macs(dataset, table["tokens"][dataset], rate) / 1e9
            yield ComparisonRow(
                "Table II", dataset, "", "", str(rate), "G", value, "exact count", Measure(exact)
            )


def vit_b_macs(dataset: str, tokens: int, keep_rate: float, prefix: int = 1) -> int:
    """MACs of the paper's ViT-B on one of its datasets; ``prefix`` 2 counts AST's second token too."""
    classes = CLASSES[dataset]
    return count_macs(dim=768, depth=12, tokens=tokens, prefix=prefix, classes=classes, keep_rate=keep_rate)


def _table3(percent: dict[str, list[float]], evidence: Mapping[str, Evidence]) -> Iterable[ComparisonRow]:
    for dataset, shares in percent.items():
        model, reason = clusters_of(dataset, "variation", evidence)
        for i, value in enumerate(shares):
            path = ("clusters", "variation", "shares", i)
            ours = _measured(model, reason, "card", path, "clusters of variation", 100)
            yield ComparisonRow("Table III", dataset, "", "", CLUSTER_NAMES[i], "%", value, **ours)


def clusters_of(
    dataset: str, statistic: str, evidence: Mapping[str, Evidence]
) -> tuple[Evidence | None, str]:
    """A model whose card has clusters of this data, or None and the reason.

    Clusters belong to the data, so any model of it will do.
    """
    both = [counterpart(dataset, family, evidence) for family in FAMILY_NAMES.values()]
    having = [pair for pair in both if pair[0] and find(pair[0].card, "clusters", statistic)]
    return (having or [pair for pair in both if pair[0]] or both)[0]


def _table4(tables: dict, evidence: Mapping[str, Evidence]) -> Iterable[ComparisonRow]:
    all_patches = {
        (one["dataset"], one["model"]): one["unpruned"]
        for one in tables.get("table1_accuracy_by_keep_rate", [])
    }
    for one in tables.get("table4_group_removal", []):
        dataset, family = one["dataset"], one["model"]
        model, reason = counterpart(dataset, family, evidence)
        unpruned = _unpruned(model)
        base = all_patches.get((dataset, family))
        for group in ("L", "H"):
            for block, value in one[group].items():
                path = ("removal", group, block)
                ours = _measured(model, reason, "results", path, f"removal after block {block}", 100)
                random = model and model.cell("analysis", *removal_path("intensity", group, block, "random"))
                yield ComparisonRow(
                    *("Table IV", dataset, family, group, block, "%", value),
                    **ours,
                    published_loss=None if base is None else base - value,
                    measured_loss=_loss(ours["measured"], unpruned),
                    beside=(("as many random patches", random.scaled(100)),) if random else (),
                )


def removal_path(statistic: str, group: str, block: str | int, kind: str = "values") -> tuple[str | int, ...]:
    """Path in an analysis to the result of a removal; its lists begin with block 1."""
    return ("removal", statistic, group, kind, int(block) - 1)


def _figure4(values: dict, evidence: Mapping[str, Evidence]) -> Iterable[ComparisonRow]:
    for statistic, families in values.items():
        for family, datasets in families.items():
            for dataset, curve in datasets.items():
                model, reason = counterpart(dataset, family, evidence)
                for i, value in enumerate(curve):
                    path = ("kendall", statistic, "concordant", i)
                    ours = _measured(model, reason, "analysis", path, f"Kendall tau of {statistic}")
                    tau_b = model and model.cell("analysis", "kendall", statistic, "clusters", i)
                    yield ComparisonRow(
                        *("Figure 4", dataset, family, statistic, str(i + 1), "tau", value),
                        **ours,
                        beside=(("tau-b", tau_b),) if tau_b else (),
                    )


def to_csv(rows: Iterable[ComparisonRow]) -> str:
    """Rows as a spreadsheet, every number at full length."""
    rows = list(rows)
    further = list(dict.fromkeys(name for row in rows for name, _ in row.beside))
    lines = []
    for row in rows:
        m, beside = row.measured, dict(row.beside)
        place = [row.table, row.dataset, row.family, row.line, row.column, row.unit]
        numbers = [m and m.low, m and m.high, row.difference, row.published_loss, row.measured_loss]
        for name in further:
            numbers += astuple(beside[name]) if name in beside else (None, None, None)
        lines.append([*place, row.published, row.ours, m and m.value, *numbers, row.reason])
    columns = [column for name in further for column in (name, f"{name} ci95_low", f"{name} ci95_high")]
    return csv_text([*COLUMNS, *columns, "reason"], lines)


def csv_text(columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """CSV text; None is an empty cell, and numbers lose the dust of binary rounding."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for line in lines:
        writer.writerow(
            "" if x is None else f"{round(x, 6):.10g}" if isinstance(x, float) else x for x in line
        )
    return out.getvalue()
