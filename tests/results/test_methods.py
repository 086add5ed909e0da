"""What was measured of dropping, fusing and merging, in sentences and on the Paper tab."""

import json
import re

import pytest

from tpexplore.checkpoints import bundled
from tpexplore.results import methods
from tpexplore.ui.paper import methods as drawn
from training.readme.findings import methods_details, methods_summary


def results(fuse, merge, heard=False):
    """As `training.methods` writes: what fusing and merging have over dropping, in points, ±1."""

    def cell(value, macs, width=0.01):
        return {"value": value, "ci95": [value - width, value + width], "macs": macs}

    gains = {"fuse": fuse / 100, "merge": merge / 100}
    accuracy = {"drop": {"attention": {"0.50": cell(0.8, 1000)}}}
    accuracy |= {name: {"attention": {"0.50": cell(0.8 + gain, 1004)}} for name, gain in gains.items()}
    part = {"same_answer": cell(0.9, 0), "confidence_drop": cell(0.1, 0)}
    other = {"same_answer": cell(0.3, 0), "confidence_drop": cell(0.6, 0)}
    ways = {
        "attention": {"0.70": {"kept": part, "removed": other}},
        "random": {"0.70": {"kept": other, "removed": other}},
    }
    return {
        "n": 50,
        "split": "test",
        "unpruned": cell(0.9, 2000),
        "accuracy": accuracy,
        "paired": {name: {"attention": {"0.50": cell(gain, 0)}} for name, gain in gains.items()},
        **({"faithfulness": {"n": 50, "ways": {"drop": ways}}} if heard else {}),
    }


MEASURED = {"one": results(2, -5), "two": results(0.5, -8, heard=True)}


def test_the_verdict_says_less_more_or_about_as_much_at_the_same_cost():
    assert methods.verdict(MEASURED, {}) == (
        "At keep-rate 50\u00a0% and the same cost (at most 0.4\u00a0% more) as dropping, fusing loses"
        " 2.0 points less on one and about as much on two; merging loses 5.0 points more on one and 8.0"
        " points more on two."
    )
    alike = {name: results(0.5, -8) for name in ("one", "two", "three")}
    assert "fusing loses about as much on all 3 models; merging" in methods.verdict(alike, {})
    assert methods.verdict({}, {}) == methods.NOT_MEASURED


def test_short_sentences_for_the_readme():
    text = methods_summary(MEASURED)
    assert len(text.splitlines()) == 3
    assert "- Fusing instead of dropping helps 1 of 2 models at keep-rate 50\u00a0% and harms 0." in text
    assert "- Merging instead of dropping helps 0 of 2 models at keep-rate 50\u00a0% and harms 2." in text
    assert (
        "same answer for 90\u00a0% of the clips, that of the removed ones for 30\u00a0%, and as many random"
        in text
    )
    assert methods_summary({}).count("not been measured yet") == 3


def test_the_details_have_the_lowest_and_the_highest_gain_with_intervals():
    text = methods_details(MEASURED)
    assert len(text.splitlines()) == 2
    assert (
        "at keep-rate 50\u00a0% by +0.5 [−0.5, +1.5] points (two) to +2.0 [+1.0, +3.0] points (one)." in text
    )
    assert methods_details({}).count("not been measured yet") == 2


def test_a_low_keep_rate_is_counted_where_it_was_measured():
    measured = {"one": results(2, -5), "two": results(2, -5)}
    measured["one"]["paired"]["merge"]["attention"]["0.30"] = {"value": 0.1, "ci95": [0.05, 0.15]}
    text = methods_summary(measured)
    assert "and harms 2; at 30\u00a0% it helps 1 and harms 0." in text
    assert text.count("at 30\u00a0%") == 1


def test_files_of_other_weights_do_not_count(tmp_path):
    name = bundled.bundled_names()[0]
    folder = tmp_path / "results" / "methods"
    folder.mkdir(parents=True)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / f"{name}.json").write_text(json.dumps({"weights_sha256": "a"}))
    for sha256, there in (("a", [name]), ("b", [])):
        (folder / f"{name}.json").write_text(json.dumps({"weights_sha256": sha256}))
        assert list(methods.load_methods(tmp_path)) == there


def test_the_figure_holds_every_line_inside_its_panel():
    html = drawn.method_panels(MEASURED)
    assert html.count("<figure>") == 2 and html.count("<polyline") == 6
    rows = re.findall(r'points="([^"]+)"', html)
    points = [tuple(map(float, pair.split(","))) for row in rows for pair in row.split()]
    assert len(points) == 2 * (6 + 12)
    assert all(drawn.LEFT <= x <= drawn.WIDTH - drawn.RIGHT for x, _ in points)
    assert all(drawn.TOP <= y <= drawn.HEIGHT - drawn.BOTTOM for _, y in points)


@pytest.mark.parametrize(("table", "rows"), [(drawn.lead_table, 4), (drawn.faithfulness_table, 2)])
def test_tables_have_a_line_for_every_way(table, rows):
    assert table(MEASURED).count('<th scope="row">') == rows


def study(merge):
    """As `training.methods_study` writes: what merging has over dropping after training, in points, ±1."""

    def cell(value):
        return {"value": value, "ci95": [value - 0.01, value + 0.01]}

    accuracy = {"drop": cell(0.8), "fuse": cell(0.8), "merge": cell(0.8 + merge / 100)}
    paired = {"fuse": cell(0.0), "merge": cell(merge / 100)}
    return {"keep_rate": "0.50", "accuracy": accuracy, "paired": paired}


def test_what_training_changes_stands_where_it_was_measured(tmp_path):
    studies = {"one": study(-3)}
    sentences = (
        "fter a short training by each method, merging changes the accuracy by −3.0 [−4.0, −2.0] points (one)"
    )
    assert f"(one); a{sentences}." in methods_details(MEASURED, studies)
    both = methods.verdict(MEASURED, studies)
    assert both.startswith(methods.verdict(MEASURED, {})) and both.endswith(
        "merging changes the accuracy by −3.0 [−4.0, −2.0] points (one)."
    )
    table = drawn.trained_table(studies)
    assert table.count('<th scope="row">') == 3 and "77.0" in table and "80.0" in table
    folder = tmp_path / "results" / "studies"
    folder.mkdir(parents=True)
    (folder / "methods-one-study.json").write_text(json.dumps(studies["one"]))
    assert methods.load_method_studies(tmp_path) == studies
