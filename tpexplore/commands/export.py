"""`tpexplore export`: the pruned model as a file."""

from __future__ import annotations

import argparse
import json

from tpexplore.checkpoints.bundled import check_model_name
from tpexplore.commands.options import pruning_blocks, read_keep_rate
from tpexplore.errors import one_line
from tpexplore.interrupts import ended_by_interrupt
from tpexplore.model.plan import check_method, check_score


def run(args: argparse.Namespace) -> None:
    blocks, score = pruning_blocks(args), check_score(args.score)
    keep_rate, method = read_keep_rate(args.keep_rate, blocks), check_method(args.method, score)
    check_model_name(args.model)
    from tpexplore.checkpoints.export import check_export_name, check_export_places, export

    check_export_name(args.out)
    check_export_places(args.out)
    with ended_by_interrupt():
        from tpexplore.checkpoints.load import load_model

    model = load_model(args.model, frames=args.frames)
    card = export(model, args.out, keep_rate, score, blocks=blocks, method=method)
    if args.json:
        print(json.dumps(card))
        return
    saved = 1 - card["macs"] / card["unpruned_macs"]
    name = one_line(str(args.out))
    print(f"{name}: {args.out.stat().st_size / 1e6:.1f} MB, {saved:.1%} of the MACs saved.")
    print(f"{name}.json says how to make its input and read its output.")
