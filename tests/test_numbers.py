"""Numbers are written alike everywhere."""

from __future__ import annotations

import re

from tests import ROOT
from tpexplore.numbers import number, percent


def test_a_zero_has_no_sign():
    assert number(-0.001) == "0.00" and number(-0.01) == "−0.01" and number(0.001, "+.1f") == "0.0"


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
