"""Kendall's tau and Cliff's delta: statistics that count pairs of patches (paper Fig. 4).

Sorting is done by numpy: its integer sort uses the processor's vector instructions and is about thirty
times faster than torch's on rows as short as a clip's patches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from tpexplore.errors import InputError
from tpexplore.stats.values import real_tensor

TIES = ("tau-b", "concordant")
"""What a pair that is tied on one side counts as."""
_CHUNK_VALUES = 1 << 15
"""Values handled at a time; the temporaries then stay in the processor's cache."""


def kendall_tau(scores: Tensor, ranks: Tensor, ties: str = "tau-b") -> Tensor:
    """Kendall's rank correlation along the last axis (paper Fig. 4).

    Parameters
    ----------
    scores : (..., n)
        Attention scores, for example (clips, blocks, patches).
    ranks : (..., n)
        Cluster ranks or raw statistics, for example (clips, 1, patches); leading axes broadcast.
    ties : {"tau-b", "concordant"}
        "tau-b" corrects for ties and is nan if either side is constant. "concordant" is the rule of the
        published Fig. 4: a pair tied on either side counts as concordant, so that unrelated scores give the
        share of tied pairs instead of 0.

    Returns
    -------
    Tensor of shape (...), float64, on the CPU
        nan where n < 2.

    Raises
    ------
    InputError
        If the shapes do not fit, a value is nan, or ``ties`` is neither name.
    """
    if ties not in TIES:
        raise InputError(f"The rule for ties {ties!r} is unknown; expected one of {', '.join(TIES)}.")
    balance, free_scores, free_ranks, discordant = _pair_counts(scores, ranks)
    if ties == "concordant":
        n = scores.shape[-1]
        return 1 - 2 * discordant / (n * (n - 1) // 2)
    return balance / (free_scores * free_ranks).sqrt()


def cliffs_delta(kept: Tensor, dropped: Tensor) -> float:
    """Cliff's delta, P(kept > dropped) - P(kept < dropped), of two groups of any size.

    1 where every kept value is the larger, 0 where neither group is, nan where a group is empty.

    Parameters
    ----------
    kept, dropped : any shape
        Values of one statistic, for example the intensity of the patches of either fate (Fig. 6).
    """
    kept, dropped = _numbers(kept, "kept").ravel(), _numbers(dropped, "dropped").ravel()
    if not kept.size or not dropped.size:
        return math.nan
    dropped = np.sort(dropped)
    below = np.searchsorted(dropped, kept, side="left").sum(dtype=np.int64)
    above = kept.size * dropped.size - np.searchsorted(dropped, kept, side="right").sum(dtype=np.int64)
    return float(below - above) / (kept.size * dropped.size)


def cliffs_delta_per_clip(values: Tensor, kept: Tensor) -> Tensor:
    """Cliff's delta between kept and dropped patches within each clip, ready for `bootstrap_interval`.

    Patches of one clip resemble each other, so an interval has to be drawn over clips, not patches.

    Parameters
    ----------
    values : (..., n)
    kept : (..., n), bool
        True where the patch survives; leading axes broadcast.

    Returns
    -------
    Tensor of shape (...), float64
        nan where a clip keeps or drops all of its patches.
    """
    # A kept and a dropped patch are a pair that is not tied in ``kept``, so this is Somers' D.
    balance, _, mixed, _ = _pair_counts(values, kept)
    return balance / mixed


def _pair_counts(scores: Tensor, ranks: Tensor) -> tuple[Tensor, ...]:
    """Concordant minus discordant pairs, pairs not tied in scores, not tied in ranks, discordant pairs.

    Each of the broadcast leading shape, float64.
    """
    scores, ranks = _numbers(scores, "scores"), _numbers(ranks, "ranks")
    try:
        lead = np.broadcast_shapes(scores.shape[:-1], ranks.shape[:-1])
        fits = scores.shape[-1] == ranks.shape[-1]
    except (ValueError, IndexError):
        fits = False
    if not fits:
        raise InputError(
            f"Scores of shape {scores.shape} and ranks of shape {ranks.shape} do not fit;"
            " expected the same last axis and leading axes that broadcast."
        )
    n = scores.shape[-1]
    pairs = n * (n - 1) // 2
    bits = n.bit_length()
    # Ranks usually serve many blocks, so what depends on them alone is done before they broadcast.
    flat = ranks.reshape(math.prod(ranks.shape[:-1]), n)
    dense, rank_ties = np.empty(flat.shape, np.int32), np.empty(len(flat), np.int64)
    for part in _row_chunks(len(flat), n):
        dense[part] = _dense_ranks(flat[part])
        rank_ties[part] = _tied_pairs(np.sort(dense[part], axis=-1))
    levels = int(dense.max(initial=0)) + 1
    rank_ties = np.broadcast_to(rank_ties.reshape(ranks.shape[:-1]), lead).reshape(-1)
    scores, ranks = (np.broadcast_to(part, (*lead, n)) for part in (scores, dense.reshape(ranks.shape)))
    rows = math.prod(lead)
    discordant, score_ties, both_ties = np.zeros((3, rows), np.int64)
    for part in _row_chunks(rows, n):
        chunk = np.unravel_index(np.arange(part.start, part.stop), lead) if lead else (None,)
        # One sort by (score, rank): among equal scores ranks ascend, so ties add no inversion.
        keys = np.sort(_order_keys(scores[chunk]) << bits | ranks[chunk], axis=-1)
        discordant[part] = _inversions(keys & ((1 << bits) - 1), levels)
        score_ties[part] = _tied_pairs(keys >> bits)
        if score_ties[part].any():
            both_ties[part] = _tied_pairs(keys)
    free_scores, free_ranks = pairs - score_ties, pairs - rank_ties
    balance = free_scores - rank_ties + both_ties - 2 * discordant
    counts = (balance, free_scores, free_ranks, discordant)
    return tuple(torch.from_numpy(count.reshape(lead)).double() for count in counts)


def _row_chunks(rows: int, n: int) -> Iterator[slice]:
    """Slices of a (rows, n) table that hold about ``_CHUNK_VALUES`` values each."""
    step = max(1, _CHUNK_VALUES // max(n, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def _numbers(values: Tensor, name: str) -> np.ndarray:
    """The values as an array that numpy can sort; refuses nan, which has no place in an order."""
    values = real_tensor(values, name).cpu()
    if values.dtype in (torch.float16, torch.bfloat16, torch.bool):
        values = values.float()
    array = values.numpy()
    if values.is_floating_point() and np.isnan(array.max(initial=-np.inf)):
        raise InputError(f"The {name} of shape {array.shape} hold nan; expected numbers only.")
    return array


def _order_keys(values: np.ndarray) -> np.ndarray:
    """Integers of at most 32 bits (rows, n) in the order of the values, equal where these are equal."""
    if values.dtype != np.float32:
        return _dense_ranks(values)
    # IEEE floats sort like their bits once the magnitude of negative ones is flipped; + 0 makes -0 into 0.
    bits = (values + np.float32(0)).view(np.int32)
    return (bits ^ (bits >> 31 & 0x7FFFFFFF)).astype(np.int64)


def _dense_ranks(values: np.ndarray) -> np.ndarray:
    """Whole numbers from 0 in the order of each row's values, equal where these are equal, as int64."""
    n = values.shape[-1]
    if values.dtype.kind in "iu" and values.size and (low := int(values.min())) + n > int(values.max()):
        return values.astype(np.int64) - low  # cluster ranks: dense enough, and nothing to sort
    order = values.argsort(axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    steps = np.zeros(values.shape, np.int64)
    np.cumsum(ordered[..., 1:] != ordered[..., :-1], axis=-1, out=steps[..., 1:])
    ranks = np.empty_like(steps)
    np.put_along_axis(ranks, order, steps, axis=-1)
    return ranks


def _tied_pairs(ordered: np.ndarray) -> np.ndarray:
    """Pairs of equal values in each sorted row."""
    changes = ordered[..., 1:] != ordered[..., :-1]
    pairs = np.zeros(ordered.shape[:-1], np.int64)
    # Few rows of attention scores hold a tie at all, and the running maximum is the slow step.
    rows = ~changes.all(-1)
    # A value is tied with every earlier one of its run: its position less that of the run's start.
    positions = np.arange(ordered.shape[-1])
    starts = np.maximum.accumulate(changes[rows] * positions[1:], axis=-1)
    pairs[rows] = (positions[1:] - starts).sum(-1)
    return pairs


def _inversions(sequence: np.ndarray, levels: int) -> np.ndarray:
    """Pairs of each row (rows, n), whole numbers below ``levels``, whose earlier value is the larger."""
    rows, n = sequence.shape
    if (levels - 1) * n.bit_length() <= 63:
        return _inversions_of_few(sequence, levels, n.bit_length())
    # Too many levels for one pass: process a few bits at a time, from the highest down. The current bits
    # decide some pairs and split a block into smaller ones, whose values agree in all bits processed so
    # far.
    bits = (n - 1).bit_length()
    # Turned into a permutation of 0 … 2^bits - 1, so that every block is full. Equal values are numbered in
    # order of position, and the padding comes last, so neither adds an inversion.
    values = np.broadcast_to(np.arange(1 << bits), (rows, 1 << bits)).copy()
    values[:, :n] = np.sort(sequence << bits | values[:, :n], axis=-1) & ((1 << bits) - 1)
    total = np.zeros(rows, np.int64)
    while bits:
        lower = bits - max(d for d in range(1, min(bits, 4) + 1) if ((1 << d) - 1) * bits <= 63)
        blocks = values.reshape(rows, -1, 1 << bits)
        upper = blocks >> lower
        total += _inversions_of_few(upper, 1 << bits - lower, bits).sum(-1)
        # Sorted by the bits in turn, then by position, for the order within the new blocks counts.
        keys = (upper << bits | np.arange(1 << bits)) << lower | blocks & ((1 << lower) - 1)
        values = np.sort(keys, axis=-1) & ((1 << lower) - 1)
        bits = lower
    return total


def _inversions_of_few(sequence: np.ndarray, levels: int, width: int) -> np.ndarray:
    """Inversions along the last axis in one pass, if ``(levels - 1) * width`` bits fit one integer.

    One running count for each level but the last, side by side: field c, ``width`` bits wide, counts the
    values above c so far.
    """
    fields = np.array([sum(1 << width * c for c in range(level)) for level in range(levels)], np.int64)
    above = np.cumsum(fields[sequence], axis=-1)
    return (above >> width * sequence & ((1 << width) - 1)).sum(-1)
