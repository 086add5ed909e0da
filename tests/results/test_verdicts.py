"""The verdicts: their evidence, that each can flip, and what remains without a file."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests import small_splits
from tests.paper_files import MODELS, STATISTICS, UNPRUNED, Files, cell
from tpexplore.checkpoints.bundled import ASSETS
from tpexplore.results.comparison import (
    compare,
    load_evidence,
    load_published,
)
from tpexplore.results.judging import (
    CONFIRMED,
    MIXED,
    NOT_CONFIRMED,
    NOT_MEASURED,
)
from tpexplore.results.verdicts import verdicts
from training import analyze, evaluate, export
from training.readme.findings import findings_list, verdicts_markdown

NUMBERS = ["1", "2", "3a", "3b", "4", "5"]


@pytest.fixture
def files(tmp_path) -> Files:
    return Files(tmp_path)


def judged(files: Files) -> dict:
    folder = files.save()
    return {v.number: v for v in verdicts(load_evidence(folder), load_published(folder))}


def rows_of(folder: Path):
    return compare(load_published(folder), load_evidence(folder))


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


def test_without_any_file_nothing_is_measured(tmp_path):
    evidence, published = load_evidence(tmp_path), load_published(tmp_path)
    assert {v.verdict for v in verdicts(evidence, published)} == {NOT_MEASURED}
    assert compare(published, evidence) == []
    assert "| --- |" not in verdicts_markdown(evidence, published)


# The findings


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


def test_attention_is_judged_by_a_training_for_each_score_where_there_is_one(files):
    spoil_attention(files, MODELS)  # what one checkpoint for all scores says no longer decides
    name = "ast-spc12"
    paired = {
        f"attention_minus_{rival}": {rate: cell(0.03) for rate in ("0.80", "0.60", "0.40")}
        for rival in (*STATISTICS, "random")
    }
    path = files.folder / "results" / "studies" / f"scores-{name}-study.json"
    path.parent.mkdir(exist_ok=True)
    start = {"last": {"valid_accuracy_at_1.0": 0.764}}
    path.write_text(json.dumps({"paired": paired, "start": start}))
    verdict = judged(files)["1"]
    assert verdict.verdict == CONFIRMED and len(verdict.contrasts) == 2 * 2
    assert {c.keep_rate for c in verdict.contrasts} == {"0.40", "0.60"}
    assert verdict.summary.startswith(
        "A training for each score: at keep-rate 40\u00a0% attention minus intensity is +3.0 [+2.0, +4.0]"
    )
    assert "One checkpoint for all scores: at keep-rate 40\u00a0% attention" in verdict.summary
    assert "a model was trained for each score" in verdict.caveat
    assert verdict.caveat.endswith("the start gets 76\u00a0% (ast-spc12) of the validation clips right.")
    other = path.with_name("scores-audiomae-spc12-study.json")
    other.write_text(json.dumps({"paired": paired, "start_accuracy": cell(0.5)}))
    assert judged(files)["1"].caveat.endswith(
        "the start gets 76\u00a0% (ast-spc12) of the validation clips"
        " and 50\u00a0% (audiomae-spc12) of the test clips right."
    )
    other.unlink()
    cells = {line.label: line.cells.get(name) for line in verdict.lines}
    assert cells["attention − random at 80\u00a0%, a training for each score, points"] == "+3.0 [+2.0, +4.0]"
    paired["attention_minus_variation"]["0.60"] = cell(-0.03)
    path.write_text(json.dumps({"paired": paired}))
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


def test_speech_does_not_decide_the_sentence_on_general_sounds(tmp_path):
    files = Files(tmp_path, ("audiomae-spc12", "ast-spc12"))
    by_number = judged(files)
    assert by_number["4"].verdict == NOT_MEASURED and "spc12 1.90" in by_number["4"].summary
    assert by_number["3b"].verdict == NOT_MEASURED


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


# The contract with `training`


@pytest.fixture(scope="module")
def really_measured(tmp_path_factory) -> Path:
    """Assets with the files that `training` writes for a tiny model, under each of our models' names."""
    folder = tmp_path_factory.mktemp("measured")
    shutil.copytree(ASSETS / "published", folder / "published")
    features = small_splits.generated_features(test_clips=4)  # one batch
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
