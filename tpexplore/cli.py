"""The command line: models, explore, macs, bench. Torch is imported only once the arguments are right."""

from __future__ import annotations

import argparse
import json
import os

from tpexplore.checkpoints.bundled import PUBLISHED_TABLES, check_model_name
from tpexplore.command_line import OneSentenceParser, exit_code
from tpexplore.errors import InputError
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
from tpexplore.threads import brief_spinning


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    args = _parser().parse_args(arguments)
    os.environ.update(brief_spinning())
    return exit_code(lambda: args.run(args))


def _parser() -> argparse.ArgumentParser:
    parser = OneSentenceParser(prog="tpexplore", description="Token Pruning Explorer")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=OneSentenceParser)

    models = commands.add_parser("models", help="bundled models with their measured results")
    models.set_defaults(run=_models)

    explore = commands.add_parser("explore", help="classify a clip, pruned and not")
    explore.add_argument("clip", metavar="CLIP", help="audio file")
    explore.add_argument(
        "--model", required=True, help="bundled name, checkpoint file or folder, or hf_hub:owner/name"
    )
    explore.add_argument("--frames", type=int, help="input frames of a published checkpoint, e.g. 512")
    explore.add_argument("--score", default=RANKINGS[0], help=f"one of {', '.join(RANKINGS)}")
    explore.add_argument("--offset", help="where to begin, in seconds (default: the loudest part)")
    explore.set_defaults(run=_explore)

    macs = commands.add_parser("macs", help="the paper's Table II beside the exact count")
    macs.set_defaults(run=_macs)

    for command, default in ((explore, "0.7"), (macs, None)):
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

    for command in (models, explore, macs, bench):
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
            f"Pruning blocks {args.blocks!r} are unusable; expected whole numbers with commas between them,"
            " such as 3,6,9."
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
        raise InputError(f"Offset {args.offset!r} is not a number; expected seconds.") from None
    check_model_name(args.model)
    from tpexplore.signal.decode import read_clip
    from tpexplore.signal.excerpt import loudness_profile, read_excerpt

    profile = loudness_profile(args.clip) if offset is None else None
    if offset is not None:  # wrong values end here, before torch is imported
        read_clip(args.clip, offset=offset, duration=0.1)

    from tpexplore.checkpoints.load import load_model
    from tpexplore.study.sweep import explore

    model = load_model(args.model, frames=args.frames)
    clip = read_excerpt(args.clip, model.config.seconds, offset, profile)
    exploration = explore(
        model, clip.samples, keep_rates=(keep_rate,), scores=(score,), blocks=blocks, method=method
    )
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


def _macs(args: argparse.Namespace) -> None:
    table = json.loads(PUBLISHED_TABLES.read_text())["table2_gmacs"]
    blocks, method = _pruning_blocks(args), check_method(args.method)
    as_published = dict.fromkeys(table["gmacs"])
    if (blocks, method) == (PRUNE_BLOCKS, "drop"):
        as_published = {
            dataset: dict(zip(table["keep_rates"], cells, strict=True))
            for dataset, cells in table["gmacs"].items()
        }
    rates = [_keep_rate(args.keep_rate, blocks)] if args.keep_rate else table["keep_rates"]
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
    from tpexplore.bench import as_text, measure

    results = measure(args.device)
    print(json.dumps(results, indent=1) if args.json else as_text(results))
