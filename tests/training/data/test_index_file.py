"""A wrong field in a feature folder's index.json ends in a sentence that names it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tpexplore.errors import InputError
from training.data.features import read_features
from training.data.front_ends import EARLIER
from training.data.index_file import read_index

INDEX = {
    "dataset": "noise",
    "task": "noise",
    "split": "the last clips",
    "class_names": ["a", "b"],
    "frames": 64,
    "front_end": "none",
    "attribution": "generated",
    "lengths": [64, 0],
    "labels": [[0, 1], []],
    "splits": ["train", "test"],
    "sources": ["x", "y"],
    "files": ["x/1.wav", "y/1.wav"],
}


def write_index(folder: Path, **fields: object) -> Path:
    """An index with other fields; ... leaves one out."""
    index = {name: value for name, value in (INDEX | fields).items() if value is not ...}
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def test_an_index_of_the_first_edition_is_read(tmp_path):
    assert read_index(write_index(tmp_path)) == INDEX


CLIPS = {
    "lengths": ["x", None, -5, 10**30, 1.5, True, 65],
    "labels": [[-1], [2], "x", None, [0.5], [True], 0, {}, [[0]]],
    "splits": [1, None, "training", "", ["train"]],
    "files": [None, []],
    "sources": [None, 3],
}
"""Values of one clip that training.features never writes."""


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in CLIPS.items() for v in values])
def test_a_wrong_value_of_a_clip_is_named(tmp_path, name, value):
    folder = write_index(tmp_path, **{name: [INDEX[name][0], value]})
    with pytest.raises(InputError, match=rf"are damaged: index\.json has .* as number 2 of {name}, expected"):
        read_index(folder)


FIELDS = {
    **{name: [..., None, "abc", 3, {}, True] for name in CLIPS},
    "frames": [..., None, "64", 64.0, 0, -64, True, []],
    "class_names": [..., None, "abc", [1, 2], {}, 3],
    "multilabel": ["no", 0, [], None],
    "key": [5, [], None],
    "sha256": [5, ["a"], None],
    **{name: [..., None, 3, ["a"], {}] for name in ("dataset", "task", "split", "front_end", "attribution")},
}
"""Whole fields that training.features never writes."""


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in FIELDS.items() for v in values])
def test_a_wrong_field_is_named(tmp_path, name, value):
    folder = write_index(tmp_path, **{name: value})
    with pytest.raises(InputError, match=rf"are damaged: index\.json .*\b{name}\b.*; delete the folder"):
        read_index(folder)


@pytest.mark.parametrize("name", CLIPS)
def test_lists_of_unequal_length_are_named(tmp_path, name):
    folder = write_index(tmp_path, **{name: INDEX[name][:1]})
    with pytest.raises(InputError, match=r"index\.json has \d \w+ for \d files"):
        read_index(folder)


@pytest.mark.parametrize("content", [b"[]", b"3", b"null", b'"index"', b"", b"\xff\xfe{"])
def test_an_index_that_is_no_object_is_damaged(tmp_path, content):
    (tmp_path / "index.json").write_bytes(content)
    with pytest.raises(InputError, match=r"are damaged: index\.json "):
        read_features(tmp_path)


def test_missing_pictures_are_named(tmp_path):
    with pytest.raises(InputError, match=r"are damaged: mel\.npy is missing; delete the folder"):
        read_features(write_index(tmp_path))


@pytest.mark.parametrize("earlier", EARLIER)
def test_features_of_an_earlier_version_are_made_again(tmp_path, earlier):
    """The same name used to stand for features with and without the highest mel bins."""
    with pytest.raises(InputError, match=r"was made by an earlier version, .* make the features again"):
        read_features(write_index(tmp_path, front_end=earlier))
