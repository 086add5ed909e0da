"""Published numbers beside ours: every cell is there, or the reason why it is not."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest

from tests.paper_files import MODELS, Files
from tpexplore.checkpoints.bundled import ASSETS
from tpexplore.results.comparison import COLUMNS, compare, load_evidence, load_published, to_csv
from tpexplore.results.measures import Measure


@pytest.fixture
def files(tmp_path) -> Files:
    return Files(tmp_path)


def rows_of(folder: Path):
    return compare(load_published(folder), load_evidence(folder))


def ends(measure: Measure) -> tuple:
    return measure.value, measure.low, measure.high


def numbers_in(tree) -> int:
    if isinstance(tree, dict):
        return sum(map(numbers_in, tree.values()))
    if isinstance(tree, list):
        return sum(map(numbers_in, tree))
    return isinstance(tree, (int, float))


@pytest.mark.parametrize("models", [(), MODELS[:1], MODELS], ids=["none", "one model", "all models"])
def test_every_published_number_stands_beside_ours_or_a_reason(tmp_path, models):
    rows = rows_of(Files(tmp_path, models).folder)
    published = load_published(ASSETS)
    tables = published["tables"]
    assert Counter(row.table for row in rows) == {
        "Table I": numbers_in(tables["table1_accuracy_by_keep_rate"]),
        "Table II": numbers_in(tables["table2_gmacs"]["gmacs"]),
        "Table III": numbers_in(tables["table3_cluster_shares"]["percent"]),
        "Table IV": numbers_in(tables["table4_group_removal"]),
        "Figure 4": numbers_in(published["figure4"]["values"]),
    }
    assert [len(rows), len({(r.table, r.dataset, r.family, r.line, r.column) for r in rows})] == [433, 433]
    for row in rows:
        assert (row.measured is None) == bool(row.reason), row
        assert row.reason == "" or row.reason.endswith(".")
        if row.measured is None:
            assert row.difference is None and row.more_lost is None
        else:
            assert row.ours


def test_only_audioset_is_without_numbers_once_all_models_are_measured(files):
    missing = {row.dataset for row in rows_of(files.folder) if row.measured is None}
    assert missing == {"AS-20K"}


def test_measured_numbers_are_those_of_the_files(files):
    rows = {(r.table, r.dataset, r.family, r.line, r.column): r for r in rows_of(files.folder)}
    pruned = rows["Table I", "ESC-50", "AST", "intensity", "0.4"]
    assert (pruned.published, pruned.ours) == (87.69, "ast-esc50")
    assert ends(pruned.measured) == pytest.approx((72, 71, 73))
    assert pruned.published_loss == pytest.approx(95.05 - 87.69)
    assert pruned.measured_loss == pytest.approx(18)
    assert pruned.difference == pytest.approx(72 - 87.69)
    assert pruned.more_lost == pytest.approx(18 - (95.05 - 87.69))
    removed = rows["Table IV", "SPC-2", "AudioMAE", "H", "1"]
    assert removed.measured.value == pytest.approx(40)
    assert dict(removed.beside)["as many random patches"].value == pytest.approx(80)
    tau = rows["Figure 4", "VoxCeleb-1", "AudioMAE", "variation", "12"]
    assert (tau.published, tau.measured.value, dict(tau.beside)["tau-b"].value) == (0.6193, 0.5, 0.3)
    assert rows["Table III", "ESC-50", "", "", "C5"].measured.value == pytest.approx(5)
    macs = rows["Table II", "AS-20K", "", "", "0.7"]
    assert macs.measured.value == pytest.approx(31.187, abs=5e-4)


def test_accuracies_of_another_task_are_never_subtracted(files):
    for row in rows_of(files.folder):
        if row.published_loss is not None and row.dataset != "ESC-50":
            assert row.difference is None
            assert row.more_lost is not None or row.dataset == "AS-20K"


def test_saved_table_holds_every_row_and_reads_back(files):
    rows = [row for row in rows_of(files.folder) if row.table == "Table IV"]
    random = [f"as many random patches{end}" for end in ("", " ci95_low", " ci95_high")]
    lines = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert list(lines[0]) == [*COLUMNS, *random, "reason"]
    for row, line in zip(rows, lines, strict=True):
        assert float(line["published"]) == row.published
        assert line["measured"] == "" if row.measured is None else float(line["measured"])
        assert line["reason"] == row.reason


def test_published_files_are_whole():
    for name in ("tables", "figure4_kendall", "figure5_clusters"):
        assert json.loads((ASSETS / "published" / f"{name}.json").read_text())
