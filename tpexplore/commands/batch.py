"""`tpexplore batch`: every window of every recording in a folder, as a table."""

from __future__ import annotations

import argparse
import json
import sys

from tpexplore.checkpoints.bundled import check_model_name
from tpexplore.command_line import BAD_FILES
from tpexplore.commands.options import pruning_blocks, read_keep_rate
from tpexplore.errors import one_line


def run(args: argparse.Namespace) -> int:
    blocks = pruning_blocks(args)
    check_model_name(args.model)
    from tpexplore.study.batch import BatchJob, run_batch

    rates = (read_keep_rate(args.keep_rate, blocks),)
    job = BatchJob(args.model, args.frames, rates, args.score, args.method, blocks, args.hop)
    summary = run_batch(args.folder, args.out, job, workers=args.workers, labels=args.labels)
    if summary is None:
        return 0
    if args.json:
        print(json.dumps({"out": str(args.out), **vars(summary)}))
    else:
        print(one_line(f"{args.out}: {summary.windows} windows of {summary.files} files."))
    if summary.problems:
        print(f"{len(summary.problems)} could not be read, or not to the end:", file=sys.stderr)
        for file, problem in summary.problems.items():
            print(one_line(f"{file}: {problem}"), file=sys.stderr)
    return BAD_FILES if summary.problems else 0
