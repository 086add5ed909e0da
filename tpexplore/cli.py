"""The command line. Torch is imported only once the arguments are right."""

from __future__ import annotations

import argparse
import json
import os
import sys

from tpexplore.checkpoints.bundled import PUBLISHED_TABLES, check_model_name
from tpexplore.command_line import BAD_FILES, OneSentenceParser, exit_code, file_or_folder, positive, whole
from tpexplore.errors import InputError, shown
from tpexplore.interrupts import ended_by_interrupt
from tpexplore.model.macs import CLASSES, count_macs
from tpexplore.model.plan import (
    METHODS,
    PRUNE_BLOCKS,
    RANKINGS,
    check_blocks,
    check_keep_rates,
    check_method,
    check_score,
    shortest_keep_rate,
)
from tpexplore.results.store import bundled_models
from tpexplore.study.window_table import COLUMNS
from tpexplore.threads import brief_spinning
from tpexplore.writing import check_place

_MODEL = "bundled name, checkpoint file or folder, or hf_hub:owner/name"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""

    def run() -> object:
        args = _parser().parse_args(arguments)
        os.environ.update(brief_spinning())
        return args.run(args)

    return exit_code(run)


def _parser() -> argparse.ArgumentParser:
    parser = OneSentenceParser(prog="tpexplore", description="Token Pruning Explorer")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=OneSentenceParser)

    models = commands.add_parser("models", help="bundled models with their measured results")
    models.set_defaults(run=_models)

    explore = commands.add_parser("explore", help="classify a clip, pruned and not")
    explore.add_argument("clip", metavar="CLIP", help="audio file")
    explore.add_argument("--model", required=True, help=_MODEL)
    explore.add_argument("--offset", help="where to begin, in seconds (default: the loudest part)")
    explore.add_argument("--windows", action="store_true", help="every window of a long recording")
    explore.add_argument("--csv", type=file_or_folder, help="also write a table, one line a window")
    explore.add_argument("--labels", type=file_or_folder, help="also write a label track for Audacity")
    explore.set_defaults(run=_explore)

    batch = commands.add_parser(
        "batch",
        help="every window of every recording in a folder, as a table",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="columns of the table:\n"
        + "\n".join(f"  {name:<21} {meaning}" for name, (_, meaning) in COLUMNS.items()),
    )
    batch.add_argument("folder", metavar="FOLDER", type=file_or_folder, help="searched with all below it")
    batch.add_argument("--model", required=True, help=_MODEL)
    batch.add_argument("--out", type=file_or_folder, required=True, help="FILE.csv or FILE.parquet")
    batch.add_argument("--labels", type=file_or_folder, help="folder for a label track of each file")
    batch.add_argument("--workers", type=whole(1, 1024), default=1, help="processes (default 1)")
    batch.set_defaults(run=_batch)

    for command in (explore, batch):
        command.add_argument(
            "--hop", type=positive, help="seconds from window to window (default: side by side)"
        )

    export = commands.add_parser("export", help="write the pruned model to a file, ONNX or torch.export")
    export.add_argument("model", metavar="MODEL", help=_MODEL)
    export.add_argument(
        "--out", type=file_or_folder, required=True, help="FILE.onnx, or FILE.pt2 for torch.export"
    )
    export.set_defaults(run=_export)

    for command in (explore, batch, export):
        command.add_argument(
            "--frames", type=whole(1), help="input frames of a published checkpoint, e.g. 512"
        )
        command.add_argument("--score", default=RANKINGS[0], help=f"one of {', '.join(RANKINGS)}")

    macs = commands.add_parser("macs", help="the paper's Table II beside the exact count")
    macs.set_defaults(run=_macs)

    for command, default in ((explore, "0.7"), (batch, "0.7"), (export, "0.7"), (macs, None)):
        blocks = ",".join(map(str, PRUNE_BLOCKS))
        command.add_argument(
            "--keep-rate",
            default=default,
            help="share kept at each pruning block, e.g. 0.7, or one for each, e.g. 0.9,0.7,0.5"
            f" (default: {default or 'those of Table II'})",
        )
        command.add_argument("--blocks", default=blocks, help=f"blocks that prune (default {blocks})")
        command.add_argument(
            "--method", default=METHODS[0], help=f"what becomes of the others: one of {', '.join(METHODS)}"
        )

    bench = commands.add_parser("bench", help="speed on this machine")
    bench.set_defaults(run=_bench)
    bench.add_argument("--device", default="cpu", help="cpu, cuda, mps, … (default cpu)")

    for command in (models, explore, batch, export, macs, bench):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _models(args: argparse.Namespace) -> None:
    models = bundled_models()
    if args.json:
        print(json.dumps(models, indent=1))
        return
    for m in models:
        accuracy = "not measured" if m["accuracy"] is None else f"{m['accuracy']:.1%}"
        print(
            f"{m['name']:<18} {m['family']:<9} {m['patches']:>4} patches {m['parameters'] / 1e6:>6.1f} M"
            f" {m['bytes'] / 1e6:>6.1f} MB  {accuracy:>12}  {m['task']}"
        )
    if not models:
        print("No model is bundled.")


def _pruning_blocks(args: argparse.Namespace) -> tuple[int, ...]:
    try:
        blocks = [int(block) for block in args.blocks.split(",")]
    except ValueError:
        raise InputError(
            f"Pruning blocks {shown(args.blocks)} are unusable; expected whole numbers with commas between"
            " them, such as 3,6,9."
        ) from None
    return check_blocks(blocks)


def _keep_rate(text: str, blocks: tuple[int, ...]) -> float | tuple[float, ...]:
    rates = text.split(",")
    return shortest_keep_rate(check_keep_rates(rates if len(rates) > 1 else text, blocks))


def _joined(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, tuple) else str(values)


def _explore(args: argparse.Namespace) -> None:
    blocks, score = _pruning_blocks(args), check_score(args.score)
    keep_rate, method = _keep_rate(args.keep_rate, blocks), check_method(args.method, score)
    try:
        offset = None if args.offset is None else float(args.offset)
    except ValueError:
        raise InputError(f"Offset {shown(args.offset)} is not a number; expected seconds.") from None
    check_model_name(args.model)
    if args.windows and offset is not None:
        raise InputError("--windows reads the whole file; leave --offset out.")
    if args.hop is not None and not args.windows:
        raise InputError("--hop is for --windows; expected both.")
    _check_outputs(args)
    from tpexplore.signal.decode import read_clip
    from tpexplore.signal.excerpt import loudness_profile, read_excerpt

    profile = loudness_profile(args.clip) if offset is None and not args.windows else None
    if offset is not None or args.windows:  # wrong values end here, before torch is imported
        read_clip(args.clip, offset=offset or 0.0, duration=0.1)

    with ended_by_interrupt():
        from tpexplore.checkpoints.load import load_model
        from tpexplore.study.sweep import explore

    model = load_model(args.model, frames=args.frames)
    if args.windows:
        _explore_windows(args, model, keep_rate, blocks)
        return
    clip = read_excerpt(args.clip, model.config.seconds, offset, profile)
    exploration = explore(
        model, clip.samples, keep_rates=(keep_rate,), scores=(score,), blocks=blocks, method=method
    )
    if args.csv or args.labels:
        from tpexplore.study.window_table import rows_of
        from tpexplore.study.windows import WindowResult

        _write_windows(args, rows_of(WindowResult.of_clip(clip.samples, clip.start, exploration), args.clip))
    if args.json:
        print(json.dumps({"clip": args.clip, "notes": list(clip.sentences), **exploration.to_dict()}))
        return
    for note in clip.sentences:
        print(note)
    (pruned,), unpruned = exploration.points[score], exploration.unpruned
    left = ", ".join(f"{len(ids)} after block {block}" for block, ids in pruned.kept.items())
    print(f"{model.config.name}: {model.config.patches} patches, {left or 'none dropped'}{_groups(pruned)}")
    print(
        f"{pruned.macs / 1e9:.3f} G MACs, {1 - pruned.macs / unpruned.macs:.1%} saved;"
        f" {pruned.seconds * 1e3:.0f} ms, unpruned {unpruned.seconds * 1e3:.0f} ms"
    )
    how = f"keep-rate {_joined(keep_rate)}" + ("" if method == "merge" else f" by {score}")
    if blocks != PRUNE_BLOCKS:
        how += f" at block{'s' if len(blocks) > 1 else ''} {_joined(blocks)}"
    print(f"{'unpruned':<32}  {how}" + ("" if method == "drop" else f", {method}"))
    for before, after in zip(unpruned.top(), pruned.top(), strict=True):
        print(f"{_share(model, unpruned, before):<32}  {_share(model, pruned, after)}")


def _check_outputs(args: argparse.Namespace) -> None:
    """Before anything is computed: no output may take the place of what is read, or of another one."""
    if args.csv is None and args.labels is None:
        return
    from tpexplore.checkpoints.sources import files_of_model

    taken = {os.path.realpath(path) for path in (args.clip, *files_of_model(args.model))}
    for path in (args.csv, args.labels):
        if path is None or (path.exists() and not path.is_file() and not path.is_dir()):  # a device
            continue
        check_place(path)
        if (place := os.path.realpath(path)) in taken:
            raise InputError(f"{str(path)!r} is named twice; expected another file for what is written.")
        taken.add(place)


def _explore_windows(args: argparse.Namespace, model, keep_rate, blocks: tuple[int, ...]) -> None:
    from tpexplore.study.window_table import rows_of
    from tpexplore.study.windows import explore_windows

    rows = []
    windows = explore_windows(
        model,
        args.clip,
        keep_rates=[keep_rate],
        score=args.score,
        hop=args.hop,
        blocks=blocks,
        method=args.method,
    )
    for window in windows:
        (row,) = rows_of(window, args.clip)
        rows.append(row)
        if not args.json:
            before = f"{row['unpruned_probability']:6.1%} {row['unpruned_answer']}"
            after = f"{row['probability']:6.1%} {row['answer']}" + (" (changed)" if row["flips"] else "")
            print(f"{row['start_s']:9.2f} {row['end_s']:9.2f} s  {before:<32}  {after}", flush=True)
    _write_windows(args, rows)
    if args.json:
        print(json.dumps(rows))


def _write_windows(args: argparse.Namespace, rows: list[dict]) -> None:
    from tpexplore.study.window_table import write_labels, write_table

    if args.csv:
        write_table(args.csv, rows)
    if args.labels:
        write_labels(args.labels, rows)


def _groups(point) -> str:
    """How many patches the fused token, or the largest merged one, holds."""
    from tpexplore.model.fate import FUSED

    fate = point.fate
    if (fate.into == FUSED).any():
        return f"; the other {(fate.into == FUSED).sum()} are one token"
    largest = fate.size.max()
    return f"; merged into groups of up to {largest}" if largest > 1 else ""


def _share(model, point, index: int) -> str:
    return f"{point.probabilities[index]:6.1%} {model.config.labels[index]}"


def _batch(args: argparse.Namespace) -> int:
    blocks = _pruning_blocks(args)
    check_model_name(args.model)
    from tpexplore.study.batch import Job, run_batch

    rates = (_keep_rate(args.keep_rate, blocks),)
    job = Job(args.model, args.frames, rates, args.score, args.method, blocks, args.hop)
    summary = run_batch(args.folder, args.out, job, workers=args.workers, labels=args.labels)
    if summary is None:
        return 0
    if args.json:
        print(json.dumps({"out": str(args.out), **vars(summary)}))
    else:
        print(f"{args.out}: {summary.windows} windows of {summary.files} files.")
    if summary.problems:
        print(f"{len(summary.problems)} could not be read, or not to the end:", file=sys.stderr)
        for file, problem in summary.problems.items():
            print(f"{file}: {problem}", file=sys.stderr)
    return BAD_FILES if summary.problems else 0


def _export(args: argparse.Namespace) -> None:
    blocks, score = _pruning_blocks(args), check_score(args.score)
    keep_rate, method = _keep_rate(args.keep_rate, blocks), check_method(args.method, score)
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
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, {saved:.1%} of the MACs saved.")
    print(f"{args.out}.json says how to make its input and read its output.")


def _macs(args: argparse.Namespace) -> None:
    table = json.loads(PUBLISHED_TABLES.read_text(encoding="utf-8"))["table2_gmacs"]
    blocks, method = _pruning_blocks(args), check_method(args.method)
    as_published = dict.fromkeys(table["gmacs"])
    if (blocks, method) == (PRUNE_BLOCKS, "drop"):
        as_published = {
            dataset: dict(zip(table["keep_rates"], cells, strict=True))
            for dataset, cells in table["gmacs"].items()
        }
    rates = table["keep_rates"] if args.keep_rate is None else [_keep_rate(args.keep_rate, blocks)]
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
    width = max(9, *(len(_joined(rate)) for rate in rates))
    head = f"{'dataset':<18} {'patches':>7} {'keep-rate':>{width}}"
    print(f"{head} {'paper G':>8} {'exact G':>8} {'difference':>10}")
    for r in rows:
        exact, published = r["macs"] / 1e9, r["published_gmacs"]
        beside = ("–", "–") if published is None else (f"{published:.1f}", f"{exact - published:+.3f}")
        print(
            f"{r['dataset']:<18} {r['patches']:>7} {_joined(r['keep_rate']):>{width}} {beside[0]:>8}"
            f" {exact:>8.3f} {beside[1]:>10}"
        )


def _bench(args: argparse.Namespace) -> None:
    with ended_by_interrupt():
        from tpexplore.bench import as_text, measure

    results = measure(args.device)
    print(json.dumps(results, indent=1) if args.json else as_text(results))
