"""Options that several commands have: the blocks that prune, and keep-rates."""

from __future__ import annotations

import argparse

from tpexplore.errors import InputError, shown
from tpexplore.model.plan import check_blocks, check_keep_rates, shortest_keep_rate


def pruning_blocks(args: argparse.Namespace) -> tuple[int, ...]:
    try:
        blocks = [int(block) for block in args.blocks.split(",")]
    except ValueError:
        raise InputError(
            f"Pruning blocks {shown(args.blocks)} are unusable; expected whole numbers with commas between"
            " them, such as 3,6,9."
        ) from None
    return check_blocks(blocks)


def read_keep_rate(text: str, blocks: tuple[int, ...]) -> float | tuple[float, ...]:
    rates = text.split(",")
    return shortest_keep_rate(check_keep_rates(rates if len(rates) > 1 else text, blocks))


def joined(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, tuple) else str(values)
