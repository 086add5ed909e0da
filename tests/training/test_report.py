"""The numbers in the READMEs are those of the files in assets/."""

import json

import pytest

from tests import ROOT
from tpexplore.checkpoints.bundled import RESULTS_FOLDER, bundled_card
from tpexplore.errors import InputError
from training import report
from training.measure import ablation
from training.measure.ablation import FULL
from training.readme import studies
from training.readme.models import onnx_table
from training.readme.studies import RECIPE_PARTS, random_tables, recipe_parts_table
from training.report import PARTS, renewed


@pytest.mark.parametrize("file", PARTS)
def test_readmes_are_current(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert text == renewed(text, PARTS[file], file), "run python -m training.report"


def test_only_marked_parts_change():
    text = "a 1\n<!-- n -->\nold\n<!-- /n -->\nb 2\n<!-- m -->\n<!-- /m -->\nc"
    parts = {"n": lambda: "new", "m": lambda: "| x |"}
    expected = "a 1\n<!-- n -->\n\nnew\n\n<!-- /n -->\nb 2\n<!-- m -->\n\n| x |\n\n<!-- /m -->\nc"
    assert renewed(text, parts, "file") == expected == renewed(expected, parts, "file")


@pytest.mark.parametrize(
    "text", ["", "<!-- n -->", "<!-- /n --> <!-- n -->", "<!-- n --> <!-- /n --> <!-- n --> <!-- /n -->"]
)
def test_missing_or_doubled_markers_are_named(text):
    with pytest.raises(InputError, match=r"README.md must hold <!-- n --> and <!-- /n --> once each\."):
        renewed(text, {"n": str}, "README.md")


DAMAGED = {
    # table: contents of a study that are JSON but not results
    "drop_study_table": [
        {},
        {"attention_minus_random": 5},
        {"attention_minus_random": {}, "whole_minus_dropped": None},
    ],
    "folds_table": [{}, {"accuracy": {"unpruned": {"value": "x"}}}, {"accuracy": []}],
    "spread_table": [{}, {"columns": [5]}, {"columns": {}, "gain_over_attention": {"random": {}}}],
    "random_tables": [{}, {"groups": {"full": {"median_quiet_share": None}}}],
}


@pytest.mark.parametrize(("name", "content"), [(n, c) for n, several in DAMAGED.items() for c in several])
def test_a_damaged_study_is_one_sentence(name, content):
    table = getattr(studies, name)
    with pytest.raises(InputError, match=r"<!-- n --> in README\.md cannot be written, .* damaged .*\.$"):
        renewed("<!-- n --><!-- /n -->", {"n": lambda: table({"ast": content})}, "README.md")


def test_the_command_writes_what_has_changed(tmp_path, monkeypatch, capsys):
    for file in PARTS:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text((ROOT / file).read_text(encoding="utf-8"), encoding="utf-8")
    stale = (tmp_path / "README.md").read_text(encoding="utf-8").replace("- **Confirmed:**", "- **Mixed:**")
    (tmp_path / "README.md").write_text(stale, encoding="utf-8")
    monkeypatch.setattr(report, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["report"])
    report.main()
    assert capsys.readouterr().out == "README.md: written\ntraining/README.md: is current\n"
    for file in PARTS:
        assert (tmp_path / file).read_bytes() == (ROOT / file).read_bytes()


def test_the_table_of_recipe_parts_says_what_was_left_out_and_what_it_cost():
    study = {
        "task": "words",
        "family": "ast",
        "clips_seen": 12_000,
        "seeds": [0],
        "n": 680,
        "minutes": {"nothing": [3.14], "muon": [2.0, 2.5]},
        "accuracy_without": {"nothing": {"0.50": {"value": 0.8}}, "muon": {"0.50": {"value": 0.7}}},
        "worth": {"muon": {"0.50": {"value": 0.1, "ci95": [0.05, 0.15]}}},
    }
    heading, _, table = recipe_parts_table(study).partition("\n\n")
    assert heading.startswith("AST on words, 12,000 clips seen, 1 seed; 680 test clips.")
    assert table.splitlines() == [
        "| left out | minutes | keep-rate 0.5 |",
        "| --- | --- | --- |",
        "| nothing | 3.1 | 80.0\u00a0% |",
        "| Muon (AdamW instead) | 2.0 to 2.5 | 70.0\u00a0%; +10.0 [+5.0, +15.0] |",
    ]


def test_every_part_that_is_left_out_has_words():
    assert set(RECIPE_PARTS) == {FULL, *ablation.PARTS}


def test_the_table_of_exported_models_says_time_and_macs():
    cell = {"time_ratio": 0.637, "mac_ratio": 0.6433}
    models = {
        "ViT-B": {"patches": 512, "weights_sha256": None, "unpruned_ms": 931.4, "keep_rates": {"0.70": cell}},
        "ast-words": {
            "patches": 64,
            "weights_sha256": "ab",
            "unpruned_ms": 9.6,
            "keep_rates": {"0.70": cell},
        },
    }
    assert onnx_table({"models": models}).splitlines()[2:] == [
        "| ViT-B, random weights | 512 | 931 ms | 0.64 (MACs 0.64) |",
        "| `ast-words` | 64 | 10 ms | 0.64 (MACs 0.64) |",
    ]


def test_tables_leave_out_measurements_on_other_weights_of_a_bundled_model():
    row = {"patches": 64, "unpruned_ms": 9.6, "keep_rates": {"0.70": {"time_ratio": 0.6, "mac_ratio": 0.6}}}
    sha256 = bundled_card("ast-spc12")["weights_sha256"]
    for weights, shown in ((sha256, True), ("0" * 64, False)):
        models = {"ViT-B": {**row, "weights_sha256": None}, "ast-spc12": {**row, "weights_sha256": weights}}
        assert ("`ast-spc12`" in onnx_table({"models": models})) == shown


def test_studies_of_other_weights_do_not_count(tmp_path, monkeypatch):
    (tmp_path / "studies").mkdir()
    monkeypatch.setattr(studies, "RESULTS_FOLDER", tmp_path)
    study = json.loads((RESULTS_FOLDER / "studies" / "random-ast-esc50.json").read_text())
    for weights, rows in ((study["weights_sha256"], 3), ("0" * 64, 0)):
        changed = {**study, "weights_sha256": weights}
        (tmp_path / "studies" / "random-ast-esc50.json").write_text(json.dumps(changed))
        assert random_tables().count("`ast-esc50`") == rows
