"""Published numbers beside ours, and the verdicts: every cell accounted for, every rule able to flip."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests import small_splits
from tests.paper_files import MODELS, STATISTICS, UNPRUNED, Files, cell
from tpexplore.checkpoints.bundled import ASSETS
from tpexplore.results.comparison import (
    COLUMNS,
    compare,
    load_evidence,
    load_published,
    to_csv,
)
from tpexplore.results.judging import (
    CONFIRMED,
    MIXED,
    NOT_CONFIRMED,
    NOT_MEASURED,
    Contrast,
    judge,
    plain_sentence,
)
from tpexplore.results.markdown import findings_list, verdicts_markdown
from tpexplore.results.measures import Measure, minus, over, read_measure
from tpexplore.results.verdicts import verdicts
from training import analyze, evaluate, export

NUMBERS = ["1", "2", "3a", "3b", "4", "5"]


@pytest.fixture
def files(tmp_path) -> Files:
    return Files(tmp_path)


def judged(files: Files) -> dict:
    folder = files.save()
    return {v.number: v for v in verdicts(load_evidence(folder), load_published(folder))}


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


@pytest.mark.parametrize(
    ("signs", "sentence"),
    [
        ([], "Not measured yet."),
        ([1], "A wins."),
        ([-1], "B wins."),
        ([0], "The difference is too small to call."),
        ([0, 0], "The difference is too small to call in all 2 comparisons."),
        ([1, 1], "A wins in all 2 comparisons."),
        ([1, 0, -1, 1], "A wins in 2 of 4 comparisons, the other way round in 1; 1 is too close to call."),
        ([-1, 0, 0], "B wins in 1 of 3 comparisons; 2 are too close to call."),
    ],
)
def test_a_finding_is_one_plain_sentence(signs, sentence):
    contrasts = [Contrast(("m",), "", Measure(sign, sign - 0.5, sign + 0.5)) for sign in signs]
    assert plain_sentence(contrasts, "A wins", "B wins") == sentence


# Every published number


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


# Files that are not there, or not ours


def test_numbers_of_other_weights_are_not_shown(files):
    files["results", "ast-esc50"]["weights_sha256"] = "others"
    files["analysis", "audiomae-spc12"]["weights_sha256"] = "others"
    by_number = judged(files)
    evidence = load_evidence(files.folder)
    assert evidence["ast-esc50"].results == {} and evidence["ast-esc50"].analysis
    assert evidence["audiomae-spc12"].analysis == {}
    reasons = {row.reason for row in rows_of(files.folder) if row.ours == "ast-esc50" and not row.measured}
    assert reasons == {
        "Not measured yet: assets/results/ast-esc50.json was measured on other weights than those bundled."
    }
    assert "ast-esc50" not in {c.model for c in by_number["1"].contrasts}
    assert "audiomae-spc12" not in {c.model for c in by_number["2"].contrasts}
    assert "Not measured yet: ast-esc50." in by_number["1"].summary


@pytest.mark.parametrize("kind", ["models", "results", "analysis"])
@pytest.mark.parametrize(
    "content", [None, "not json", "[1, 2]", "{}"], ids=["missing", "text", "list", "empty"]
)
def test_a_file_that_cannot_be_used_leaves_a_reason(files, kind, content):
    path = files.path(kind, "ast-esc50")
    path.unlink() if content is None else path.write_text(content)
    for row in rows_of(files.folder):
        assert (row.measured is None) == bool(row.reason)
    assert len(verdicts(load_evidence(files.folder), load_published(files.folder))) == len(NUMBERS)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        *[("models", key) for key in ("clusters", "parameters", "data")],
        *[("results", key) for key in ("keep_rate", "removal", "paired", "further", "n", "split")],
        *[("analysis", key) for key in ("kendall", "survival", "removal", "histograms", "padding_share")],
    ],
)
def test_a_missing_part_leaves_a_reason(files, kind, key):
    for content in files.of(kind):
        del content[key]
    by_number = judged(files)
    assert list(by_number) == NUMBERS
    for row in rows_of(files.folder):
        assert (row.measured is None) == bool(row.reason)
    verdicts_markdown(load_evidence(files.folder), load_published(files.folder))


@pytest.mark.parametrize("broken", [None, {}, [], "0.9", {"value": None}, {"value": float("nan")}, True])
def test_a_cell_without_a_number_is_no_measure(broken):
    assert read_measure(broken) is None


def test_a_cell_without_a_whole_interval_keeps_its_number():
    assert read_measure({"value": 0.5, "ci95": [None, None]}) == Measure(0.5)
    assert read_measure(0.5) == Measure(0.5)
    assert read_measure(cell(0.5)) == Measure(0.5, 0.49, 0.51)


def test_without_any_file_nothing_is_measured(tmp_path):
    evidence, published = load_evidence(tmp_path), load_published(tmp_path)
    assert {v.verdict for v in verdicts(evidence, published)} == {NOT_MEASURED}
    assert compare(published, evidence) == []
    assert "| --- |" not in verdicts_markdown(evidence, published)


# The rule


@pytest.mark.parametrize(
    ("margins", "verdict"),
    [
        ([], NOT_MEASURED),
        ([Measure(1, 0.1, 2), Measure(2, 1, 3)], CONFIRMED),
        ([Measure(1, 0.1, 2), Measure(1, -0.1, 2)], MIXED),
        ([Measure(1, 0.1, 2), Measure(-1, -2, -0.1)], MIXED),
        ([Measure(1, -0.1, 2), Measure(-1, -2, -0.1)], NOT_CONFIRMED),
        ([Measure(1, 0.0, 2)], NOT_CONFIRMED),
        ([Measure(0.1)], CONFIRMED),
        ([Measure(-0.1)], NOT_CONFIRMED),
    ],
)
def test_rule(margins, verdict):
    assert judge(Contrast(("model",), "what", margin) for margin in margins) == verdict


def test_all_findings_hold_in_the_made_up_files(files):
    by_number = judged(files)
    assert {number: v.verdict for number, v in by_number.items()} == dict.fromkeys(NUMBERS, CONFIRMED)
    for v in by_number.values():
        assert v.caveat.endswith(".") and v.summary.endswith(".")
        assert v.basis.startswith("One seed each, small models of 5.0 M parameters trained on 1,000 clips")
    assert len(by_number["1"].contrasts) == len(MODELS) * 2 * 3
    assert len(by_number["2"].contrasts) == len(MODELS) * 2
    assert len(by_number["3a"].contrasts) == len(MODELS) * 3
    assert len(by_number["3b"].contrasts) == 3 * 3
    assert len(by_number["4"].contrasts) == 1
    assert len(by_number["5"].contrasts) == 3  # no clip of esc50's is padded


def spoil_attention(files, names):
    for name in names:
        for other in STATISTICS:
            files["results", name]["paired"][f"attention_minus_{other}"] |= {
                rate: cell(-0.05) for rate in ("0.30", "0.40", "0.50")
            }


def spoil_tau(files, names):
    for name in names:
        for statistic in STATISTICS:
            files["analysis", name]["kendall"][statistic]["clusters"] = [cell(-0.1)] * 12


def spoil_high(files, names):
    for name in names:
        files["results", name]["removal"]["H"] = {b: cell(UNPRUNED) for b in ("1", "3", "5")}


def spoil_low(files, names):
    for name in names:
        if "esc50" in name:
            files["results", name]["removal"]["L"] = {b: cell(UNPRUNED) for b in ("1", "3", "5")}


def spoil_kept(files, names):
    for name in names:
        files["analysis", name]["survival"]["0.50"]["low_intensity_share_of_kept"] = cell(0.2)


def spoil_padding(files, names):
    for name in names:
        if "esc50" not in name:
            mae = name.startswith("audiomae")
            files["analysis", name]["survival"]["0.50"]["padding"]["10"] = 0.125 if mae else 0.0


@pytest.mark.parametrize(
    ("number", "spoil", "partly"),
    [
        ("1", spoil_attention, MIXED),
        ("2", spoil_tau, MIXED),
        ("3a", spoil_high, MIXED),
        ("3b", spoil_low, MIXED),
        ("4", spoil_kept, NOT_CONFIRMED),  # one ratio alone decides
        ("5", spoil_padding, MIXED),
    ],
)
def test_a_verdict_flips_with_its_numbers_and_no_other_does(tmp_path, number, spoil, partly):
    for names, verdict in ((MODELS, NOT_CONFIRMED), (("ast-spc12", "audiomae-esc50"), partly)):
        files = Files(tmp_path)
        spoil(files, names)
        by_number = {key: v.verdict for key, v in judged(files).items()}
        # The high patches' loss is measured against the low ones' on the same clips.
        assert by_number == dict.fromkeys(NUMBERS, CONFIRMED) | {number: verdict}


def test_a_doubt_is_no_confirmation(files):
    for results in files.of("results"):
        results["paired"]["attention_minus_intensity"]["0.30"] = cell(0.05, reach=0.06)
    assert judged(files)["1"].verdict == MIXED


def test_sentences_carry_the_numbers(files):
    files["results", "ast-spc12"]["paired"]["attention_minus_intensity"]["0.40"] = cell(-0.034, 0.02)
    files["analysis", "ast-spc12"]["kendall"]["intensity"]["clusters"][2] = cell(-0.1)
    by_number = judged(files)
    assert (
        "minus intensity runs from −3.4 [−5.4, −1.4] (ast-spc12) to +12.0 [+11.0, +13.0]"
        in by_number["1"].summary
    )
    assert "(paper: −0.1 to +7.2)" in by_number["1"].summary  # SPC-2's AudioMAE, VoxCeleb-1's
    assert "above 0 in 29 of 30 comparisons and below 0 in 1" in by_number["1"].summary
    assert " 12.0 (" in by_number["1"].summary  # 0.72 with the right indices, 0.60 with the shifted ones
    assert "in 119 of 120 curve points and below 0 in 1 (block 3)" in by_number["2"].summary
    assert (
        by_number["2"].lines[0].cells["ast-spc12"] == "11 of 12, mean 0.27 [0.26, 0.28]; below 0 in block 3"
    )
    assert "esc50 1.90 [1.79, 2.01]×" in by_number["4"].summary
    assert "No clip of audiomae-esc50 and ast-esc50 has a patch of padding only." in by_number["5"].summary


def test_speech_does_not_decide_what_is_said_of_general_sounds(tmp_path):
    files = Files(tmp_path, ("audiomae-spc12", "ast-spc12"))
    by_number = judged(files)
    assert by_number["4"].verdict == NOT_MEASURED and "spc12 1.90" in by_number["4"].summary
    assert by_number["3b"].verdict == NOT_MEASURED


def test_intervals_of_differences_and_ratios():
    difference = minus(Measure(5, 2, 8), Measure(3, -1, 7))
    assert ends(difference) == pytest.approx((2, -3, 7))
    ratio = over(Measure(0.3, 0.27, 0.33), Measure(0.2, 0.2, 0.2))
    assert ends(ratio) == pytest.approx((1.5, 1.35, 1.65))
    assert minus(Measure(5), Measure(3, 2, 4)) == Measure(2)
    assert over(Measure(0.0, 0.0, 0.01), Measure(0.1, 0.1, 0.1)).low == 0


# What is bundled, and Markdown


def test_bundled_files_lead_to_sentences():
    by_number = verdicts(load_evidence(), load_published())
    assert [v.number for v in by_number] == NUMBERS
    for v in by_number:
        assert v.verdict in (CONFIRMED, MIXED, NOT_CONFIRMED, NOT_MEASURED)
        assert (v.verdict == NOT_MEASURED) == (not v.contrasts)
        assert not re.search(r"\bnan\b|\bNone\b|[{}]", v.summary + v.caveat + v.basis)


def test_markdown_has_each_finding_and_model(files):
    text = verdicts_markdown(load_evidence(files.folder), load_published(files.folder))
    assert len(re.findall(r"^- \*\*\w+\. .+\.\*\* \*Confirmed\.\* ", text, re.M)) == len(NUMBERS)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines[0] == f"| | {' | '.join(MODELS)} |"
    assert {line.count("|") for line in lines} == {len(MODELS) + 2}


def test_the_list_has_one_sentence_a_finding(files, tmp_path):
    text = findings_list(load_evidence(files.folder), load_published(files.folder))
    assert len(text.splitlines()) == len(NUMBERS)
    assert all(re.fullmatch(r"- \*\*Confirmed:\*\* [A-Z].+\.", line) for line in text.splitlines())
    assert "score at low keep-rates (30 of 30 comparisons for it, 0 against)." in text
    nothing = findings_list(load_evidence(tmp_path / "none"), load_published(tmp_path / "none"))
    assert nothing.count("- **Not measured:** ") == len(NUMBERS) and "comparisons" not in nothing


def test_published_files_are_whole():
    for name in ("tables", "figure4_kendall", "figure5_clusters"):
        assert json.loads((ASSETS / "published" / f"{name}.json").read_text())


# The contract with `training`


@pytest.fixture(scope="module")
def really_measured(tmp_path_factory) -> Path:
    """Assets with the files that `training` writes for a tiny model, under each of our models' names."""
    folder = tmp_path_factory.mktemp("measured")
    shutil.copytree(ASSETS / "published", folder / "published")
    features = small_splits.generated_features()
    with pytest.MonkeyPatch.context() as patch:
        small_splits.use_folder(folder, patch.setattr)
        tiny = small_splits.bundle("ast", features, folder)
        export.refresh_clusters(tiny, features, folder)
        made = {
            "models": json.loads((folder / f"{tiny}.json").read_text()),
            "results": evaluate.evaluate(tiny, features),
            "analysis": analyze.analyze(tiny, features),
        }
    for kind, content in made.items():
        (folder / kind).mkdir(exist_ok=True)
        for name in MODELS:
            (folder / kind / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_what_training_writes_is_what_is_read_here(really_measured):
    rows = rows_of(really_measured)
    assert {row.dataset for row in rows if row.measured is None} == {"AS-20K"}
    assert all(row.beside for row in rows if row.table in ("Table IV", "Figure 4") and row.measured)
    by_number = {
        v.number: v for v in verdicts(load_evidence(really_measured), load_published(really_measured))
    }
    assert {number: len(v.contrasts) for number, v in by_number.items()} == {
        "1": 30,
        "2": 10,
        "3a": 15,
        "3b": 9,
        "4": 1,
        "5": 5,
    }
    assert "shifted indices" in by_number["1"].summary
    for v in by_number.values():
        for line in v.lines:
            assert list(line.cells) == list(MODELS)
