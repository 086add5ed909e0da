"""`tpexplore explore`: one clip, or every window of a recording, pruned and not."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from tpexplore.checkpoints.bundled import check_model_name
from tpexplore.command_line import discard_output
from tpexplore.commands.options import joined, pruning_blocks, read_keep_rate
from tpexplore.errors import InputError, shown
from tpexplore.interrupts import ended_by_interrupt
from tpexplore.model.plan import PRUNE_BLOCKS, check_method, check_score
from tpexplore.writing import check_place


def run(args: argparse.Namespace) -> None:
    way = _checked_way(args)
    offset = _checked_offset(args)
    _check_outputs(args)
    from tpexplore.signal.decode import read_clip
    from tpexplore.signal.excerpt import loudness_profile

    profile = loudness_profile(args.clip) if offset is None and not args.windows else None
    if offset is not None or args.windows:  # wrong values end here, before torch is imported
        read_clip(args.clip, offset=offset or 0.0, duration=0.1)

    with ended_by_interrupt():
        from tpexplore.checkpoints.load import load_model

    model = load_model(args.model, frames=args.frames)
    if args.windows:
        _explore_windows(args, model, way)
    else:
        _explore_clip(args, model, way, offset, profile)


def _checked_way(args: argparse.Namespace) -> dict[str, Any]:
    """How to prune: "keep_rate", "score", "blocks" and "method"."""
    blocks, score = pruning_blocks(args), check_score(args.score)
    keep_rate = read_keep_rate(args.keep_rate, blocks)
    return {
        "keep_rate": keep_rate,
        "score": score,
        "blocks": blocks,
        "method": check_method(args.method, score),
    }


def _checked_offset(args: argparse.Namespace) -> float | None:
    """Where to begin; None is the loudest part, or all windows."""
    try:
        offset = None if args.offset is None else float(args.offset)
    except ValueError:
        raise InputError(f"Offset {shown(args.offset)} is not a number; expected seconds.") from None
    check_model_name(args.model)
    if args.windows and offset is not None:
        raise InputError("--windows reads the whole file; leave --offset out.")
    if args.hop is not None and not args.windows:
        raise InputError("--hop is for --windows; expected both.")
    return offset


def _check_outputs(args: argparse.Namespace) -> None:
    """Before anything is computed: no output may overwrite the input or another output."""
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


def _explore_clip(
    args: argparse.Namespace, model, way: dict[str, Any], offset: float | None, profile
) -> None:
    from tpexplore.signal.excerpt import read_excerpt
    from tpexplore.study.sweep import explore

    clip = read_excerpt(args.clip, model.config.seconds, offset, profile)
    exploration = explore(
        model,
        clip.samples,
        keep_rates=(way["keep_rate"],),
        scores=(way["score"],),
        blocks=way["blocks"],
        method=way["method"],
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
    _print_answers(model, exploration, way)


def _print_answers(model, exploration, way: dict[str, Any]) -> None:
    """Print the patches kept, the MACs saved, and the answers before and after pruning."""
    (pruned,), unpruned = exploration.points[way["score"]], exploration.unpruned
    left = ", ".join(f"{len(ids)} after block {block}" for block, ids in pruned.kept.items())
    print(f"{model.config.name}: {model.config.patches} patches, {left or 'none dropped'}{_groups(pruned)}")
    print(
        f"{pruned.macs / 1e9:.3f} G MACs, {1 - pruned.macs / unpruned.macs:.1%} saved;"
        f" {pruned.seconds * 1e3:.0f} ms, unpruned {unpruned.seconds * 1e3:.0f} ms"
    )
    print(f"{'unpruned':<32}  {_way_text(**way)}")
    for before, after in zip(unpruned.top(), pruned.top(), strict=True):
        print(f"{_share(model, unpruned, before):<32}  {_share(model, pruned, after)}")


def _way_text(keep_rate: float | tuple[float, ...], score: str, blocks: tuple[int, ...], method: str) -> str:
    """ "keep-rate 0.5 by attention at blocks 3, 6, 9, fuse"."""
    text = f"keep-rate {joined(keep_rate)}" + ("" if method == "merge" else f" by {score}")
    if blocks != PRUNE_BLOCKS:
        text += f" at block{'s' if len(blocks) > 1 else ''} {joined(blocks)}"
    return text + ("" if method == "drop" else f", {method}")


def _groups(point) -> str:
    """How many patches the fused token, or the largest merged one, holds."""
    from tpexplore.model.fate import FUSED

    fate = point.fate
    if (fate.into == FUSED).any():
        return f"; the other {(fate.into == FUSED).sum()} are fused into one token"
    largest = fate.size.max()
    return f"; merged into groups of up to {largest}" if largest > 1 else ""


def _share(model, point, index: int) -> str:
    return f"{point.probabilities[index]:6.1%} {model.config.labels[index]}"


def _explore_windows(args: argparse.Namespace, model, way: dict[str, Any]) -> None:
    from tpexplore.study.window_table import rows_of
    from tpexplore.study.windows import explore_windows

    rows = []
    windows = explore_windows(
        model,
        args.clip,
        keep_rates=[way["keep_rate"]],
        score=way["score"],
        hop=args.hop,
        blocks=way["blocks"],
        method=way["method"],
    )
    for window in windows:
        (row,) = rows_of(window, args.clip)
        rows.append(row)
        if not args.json:
            before = f"{row['unpruned_probability']:6.1%} {row['unpruned_answer']}"
            after = f"{row['probability']:6.1%} {row['answer']}" + (" (changed)" if row["flips"] else "")
            _print_window(args, f"{row['start_s']:9.2f} {row['end_s']:9.2f} s  {before:<32}  {after}")
    _write_windows(args, rows)
    if args.json:
        print(json.dumps(rows))


def _print_window(args: argparse.Namespace, line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:  # the reader closed the output (``| head``)
        if args.csv is None and args.labels is None:
            raise
        discard_output()  # the files are still to be written


def _write_windows(args: argparse.Namespace, rows: list[dict]) -> None:
    from tpexplore.study.window_table import write_labels, write_table

    if args.csv:
        write_table(args.csv, rows)
    if args.labels:
        write_labels(args.labels, rows)
