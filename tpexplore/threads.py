"""How torch's threads wait for each other. Needs no torch."""

from __future__ import annotations

import os

_SPINS = 5000


def brief_spinning() -> dict[str, str]:
    """Environment for threads that wait only briefly before they sleep, to be set before torch is imported.

    Empty where the user has decided already. On two cores, a pass of a small model took 4.6 ms so, against
    11.8 ms where threads sleep at once. Spinning on, as they do by default, a sweep took 7.8 s instead of
    0.75 s where other work kept the cores busy.
    """
    decided = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys()
    return {} if decided else {"GOMP_SPINCOUNT": str(_SPINS)}
