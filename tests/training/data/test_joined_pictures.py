"""Joined rows behave as the array that np.concatenate makes of them."""

import numpy as np
import pytest

from training.data.joined_pictures import JoinedPictures

RNG = np.random.default_rng(0)
ARRAYS = [RNG.normal(size=(clips, 6, 4)).astype(np.float16) for clips in (5, 1, 9)]
ROWS = [np.array([0, 3, 4]), np.array([], int), np.array([8, 2, 2, 5])]
JOINED = JoinedPictures(ARRAYS, ROWS)
EXPECTED = np.concatenate([array[rows] for array, rows in zip(ARRAYS, ROWS, strict=True)])


@pytest.mark.parametrize(
    "key",
    [
        0,
        -1,
        np.int64(5),
        slice(None),
        slice(1, 6, 2),
        np.array([6, 0, 3, 3]),
        np.array([], int),
        EXPECTED[:, 0, 0] > 0,
        (2, slice(0, 3)),
        (np.array([4, 1]), slice(None), 1),
        (slice(None), -1),
    ],
    ids=str,
)
def test_indexing_equals_that_of_one_array(key):
    got = JOINED[key]
    assert got.dtype == EXPECTED.dtype
    np.testing.assert_array_equal(got, EXPECTED[key])


def test_shape_and_length():
    assert JOINED.shape == EXPECTED.shape and len(JOINED) == len(EXPECTED)
    assert JOINED.dtype == EXPECTED.dtype


def test_no_row_at_all_is_an_index_error():
    with pytest.raises(IndexError):
        JOINED[7]
