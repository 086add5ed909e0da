"""Rows of several arrays as one array, read on demand, since joining them would copy gigabytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class JoinedPictures:
    """Chosen rows of several arrays, one after another, indexed like a single array.

    Parameters
    ----------
    arrays : sequence of (clips, frames, bins)
        Memory-mapped or in memory; all with the same dtype, frames and bins.
    rows : sequence of (n,) int
        Which rows of each.
    """

    def __init__(self, arrays: Sequence[np.ndarray], rows: Sequence[np.ndarray]):
        self.arrays = tuple(arrays)
        self.array_of = np.repeat(np.arange(len(arrays)), [len(chosen) for chosen in rows])
        self.row_of = np.concatenate(rows).astype(int)
        self.shape = (len(self.row_of), *arrays[0].shape[1:])
        self.dtype = arrays[0].dtype

    def __len__(self) -> int:
        return len(self.row_of)

    def __getitem__(self, key: Any) -> np.ndarray:
        """One row by its number, several by numbers, a mask or a slice; further axes as in NumPy."""
        first, *rest = key if isinstance(key, tuple) else (key,)
        places = np.arange(len(self))[first]
        if places.ndim == 0:
            return self.arrays[self.array_of[places]][self.row_of[places]][tuple(rest)]
        gathered = np.empty((len(places), *self.shape[1:]), self.dtype)
        for number in np.unique(self.array_of[places]):
            of_array = self.array_of[places] == number
            gathered[of_array] = self.arrays[number][self.row_of[places[of_array]]]
        return gathered[(slice(None), *rest)]
