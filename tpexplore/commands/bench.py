"""`tpexplore bench`: speed on this machine."""

from __future__ import annotations

import argparse
import json

from tpexplore.interrupts import ended_by_interrupt


def run(args: argparse.Namespace) -> None:
    with ended_by_interrupt():
        from tpexplore.study.speed import as_text, measure

    results = measure(args.device)
    print(json.dumps(results, indent=1) if args.json else as_text(results))
