"""What a recipe's settings may be: a type each, and a range each number has a meaning in."""

from __future__ import annotations

import types
import typing

from tpexplore.errors import InputError

ABOVE_ZERO = (
    *("epochs", "batch", "lr", "layer_decay", "clip_norm", "every", "gamma", "lowest", "channels"),
    *("dim", "depth", "decoder_dim", "decoder_depth", "picture_every"),
)
"""Numbers that must be more than 0; all others must not be less."""

AT_MOST_ONE = ("pad_share", "mixup_share", "full_share", "lowest", "labels", "layer_decay", "scores", "gamma")
BELOW_ONE = (
    *("label_smoothing", "drop_path", "token_drop", "mask_time", "mask_freq", "mask", "ema", "betas"),
)

LARGEST_SEED = 2**32 - 1
LARGEST = {"seed": LARGEST_SEED, "depth": 100, "decoder_depth": 100, "balance": 10}
LARGEST_OTHER = 10**9
SMALLEST = 1e-9
"""Numbers between this and 0 are slips; some would become 0, or infinity where they divide."""


def check_value(name: str, value: object, hint: object, where: str) -> None:
    """Raise InputError unless a setting has its type and lies in its range."""
    expected = _misfit(name, value, hint)
    if expected:
        raise InputError(f"{where}: {name} is {value!r}; expected {expected}.")


def _misfit(name: str, value: object, hint: object) -> str | None:
    """What was expected instead, or None."""
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    problems = [_misfit_of_kind(name, value, kind) for kind in kinds]
    return None if None in problems else " or ".join(filter(None, problems))


def _misfit_of_kind(name: str, value: object, kind: object) -> str | None:
    origin = typing.get_origin(kind)
    if kind is type(None):
        return None if value is None else "null"
    if kind is bool:
        return None if isinstance(value, bool) else "true or false"
    if kind is str:
        return None if isinstance(value, str) else "a text"
    if kind in (int, float):
        return _misfit_of_number(name, value, whole=kind is int)
    if origin is tuple and isinstance(value, (list, tuple)):
        of = [part for part in typing.get_args(kind) if part is not Ellipsis]
        count = None if Ellipsis in typing.get_args(kind) else len(of)
        if value and (count is None or len(value) == count):
            return next(filter(None, (_misfit(name, part, of[0]) for part in value)), None)
        return f"a list of {count or 'some'} numbers"
    if origin is dict and isinstance(value, dict):
        return next(filter(None, (_misfit(name, part, float) for part in value.values())), None)
    return {tuple: "a list of numbers", dict: "names with a number each"}.get(origin, "settings in braces")


def _misfit_of_number(name: str, value: object, whole: bool) -> str | None:
    positive, largest = name in ABOVE_ZERO, LARGEST.get(name, LARGEST_OTHER)
    if name in (*AT_MOST_ONE, *BELOW_ONE):
        largest = 1
    number = isinstance(value, int) or (isinstance(value, float) and not whole)
    fits = (
        number
        and not isinstance(value, bool)
        and (value >= SMALLEST or (value == 0 and not positive))  # not so for NaN
        and (value < 1 if name in BELOW_ONE else value <= largest)
    )
    if fits:
        return None
    low = "above 0" if positive else "from 0"
    if number and 0 < value < SMALLEST:
        low = f"from {SMALLEST}"
    high = "and below 1" if name in BELOW_ONE else f"up to {largest:,}"
    return f"a {'whole ' if whole else ''}number {low} {high}"
