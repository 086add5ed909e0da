"""`tpexplore macs`: the paper's Table II beside the exact count."""

from __future__ import annotations

import argparse
import json
from typing import Any

from tpexplore.checkpoints.bundled import PUBLISHED_TABLES, damaged_asset
from tpexplore.commands.options import joined, pruning_blocks, read_keep_rate
from tpexplore.errors import UNREADABLE_JSON
from tpexplore.model.macs import CLASSES, count_macs
from tpexplore.model.plan import PRUNE_BLOCKS, check_method
from tpexplore.text import load_json


def published_table() -> dict[str, Any]:
    """The paper's Table II, or InputError where the file that has it is damaged."""
    try:
        return load_json(PUBLISHED_TABLES)["table2_gmacs"]
    except (*UNREADABLE_JSON, KeyError, TypeError):
        raise damaged_asset(PUBLISHED_TABLES) from None


def run(args: argparse.Namespace) -> None:
    table = published_table()
    blocks, method = pruning_blocks(args), check_method(args.method)
    as_published = dict.fromkeys(table["gmacs"])
    if (blocks, method) == (PRUNE_BLOCKS, "drop"):
        as_published = {
            dataset: dict(zip(table["keep_rates"], cells, strict=True))
            for dataset, cells in table["gmacs"].items()
        }
    rates = table["keep_rates"] if args.keep_rate is None else [read_keep_rate(args.keep_rate, blocks)]
    rows = [
        {
            "dataset": dataset,
            "patches": table["tokens"][dataset],
            "keep_rate": rate,
            "published_gmacs": (published or {}).get(rate),
            "macs": count_macs(
                dim=768,
                depth=12,
                tokens=table["tokens"][dataset],
                prefix=1,
                classes=CLASSES[dataset],
                keep_rate=rate,
                blocks=blocks,
                method=method,
            ),
        }
        for dataset, published in as_published.items()
        for rate in rates
    ]
    if args.json:
        print(json.dumps(rows, indent=1))
        return
    width = max(9, *(len(joined(rate)) for rate in rates))
    head = f"{'dataset':<18} {'patches':>7} {'keep-rate':>{width}}"
    print(f"{head} {'paper G':>8} {'exact G':>8} {'difference':>10}")
    for r in rows:
        exact, published = r["macs"] / 1e9, r["published_gmacs"]
        beside = ("–", "–") if published is None else (f"{published:.1f}", f"{exact - published:+.3f}")
        print(
            f"{r['dataset']:<18} {r['patches']:>7} {joined(r['keep_rate']):>{width}} {beside[0]:>8}"
            f" {exact:>8.3f} {beside[1]:>10}"
        )
