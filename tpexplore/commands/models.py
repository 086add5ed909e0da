"""`tpexplore models`: what is bundled, with measured accuracy."""

from __future__ import annotations

import argparse
import json

from tpexplore.numbers import number
from tpexplore.results.store import bundled_models


def run(args: argparse.Namespace) -> None:
    models = bundled_models()
    if args.json:
        print(json.dumps(models, indent=1))
        return
    for m in models:
        accuracy = "not measured" if m["accuracy"] is None else f"{number(100 * m['accuracy'], '.1f')}%"
        print(
            f"{m['name']:<18} {m['family']:<9} {m['patches']:>4} patches {m['parameters'] / 1e6:>6.1f} M"
            f" {m['bytes'] / 1e6:>6.1f} MB  {accuracy:>12}  {m['task']}"
        )
    if not models:
        print("No model is bundled.")
