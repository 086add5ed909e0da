"""Numbers are written alike everywhere."""

from __future__ import annotations

import re

from tests import ROOT
from tpexplore.numbers import number, percent


def test_a_zero_has_no_sign():
    assert number(-0.001) == "0.00" and number(-0.01) == "−0.01" and number(0.001, "+.1f") == "0.0"


def test_a_half_goes_up_as_in_the_browser():
    assert percent(217 / 400, ".1f") == "54.3\u00a0%"
    assert [number(value, ".1f") for value in (0.25, -0.25, 0.75, 0.05)] == ["0.3", "−0.3", "0.8", "0.1"]
    assert [number(value, "+.0f") for value in (0.5, 1.5, -2.5)] == ["+1", "+2", "−3"]


def test_a_percentage_is_not_divided_from_its_sign():
    assert percent(0.5) == "50\u00a0%" == percent("0.50")
    assert percent(0.8264, ".1f") == "82.6\u00a0%" and percent(-0.001) == "0\u00a0%"


def test_no_other_place_writes_a_percentage_for_the_page():
    own = re.compile(r"\{100 \* [^}]*f\} %|:\.\d%\}")
    for folder in ("figures", "results", "ui"):
        for path in sorted((ROOT / "tpexplore" / folder).rglob("*.py")):
            # The script that a ZIP holds prints to a terminal.
            if path.name != "takeaway.py":
                assert not own.search(path.read_text(encoding="utf-8")), path
