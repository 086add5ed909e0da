"""This process's number among those that torchrun started."""

from __future__ import annotations

import os

from tpexplore.errors import InputError


def place_among_processes() -> tuple[int, int]:
    """This process's number and how many there are, from the variables that torchrun sets."""
    rank, world = os.environ.get("RANK", "0"), os.environ.get("WORLD_SIZE", "1")
    try:
        place = int(rank), int(world)
    except ValueError:
        place = (0, 0)
    if not 0 <= place[0] < place[1]:
        raise InputError(
            f"The environment has RANK {rank!r} and WORLD_SIZE {world!r}; expected torchrun's, or neither."
        )
    return place
