"""Damaged files of a tagger's answers end in a sentence that names the file and the fault."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tpexplore.errors import InputError
from training.data.answer_files import join_parts, read_part, write_part
from training.data.answers import read_answers

CLIPS, TAGS, WIDTH = 3, 527, 8


def arrays(**changed: np.ndarray) -> dict[str, np.ndarray]:
    usual = {"logits": np.ones((CLIPS, TAGS), "f2"), "embeddings": np.ones((CLIPS, WIDTH), "f2")}
    return usual | changed


def with_value(value: float, *shape: int) -> np.ndarray:
    array = np.zeros(shape, "f2")
    array[-1, -1] = value
    return array


WRONG = {
    "too few clips": {"logits": np.zeros((CLIPS - 1, TAGS), "f2")},
    "other tags": {"logits": np.zeros((CLIPS, TAGS - 1), "f2")},
    "flat": {"embeddings": np.zeros(CLIPS, "f2")},
    "deep": {"embeddings": np.zeros((CLIPS, WIDTH, 1), "f2")},
    "a number": {"logits": np.float16(3)},
    "doubles": {"embeddings": np.zeros((CLIPS, WIDTH))},
    "text": {"logits": np.full((CLIPS, TAGS), "a")},
    "NaN": {"logits": with_value(np.nan, CLIPS, TAGS)},
    "infinity": {"embeddings": with_value(-np.inf, CLIPS, WIDTH)},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_array_of_a_part_is_named(tmp_path, wrong):
    path = tmp_path / "parts" / "000007.npz"
    path.parent.mkdir()
    np.savez(path, **arrays(**wrong))
    (kind,) = wrong
    with pytest.raises(
        InputError, match=rf"000007\.npz is damaged: it has .*{kind}.*; delete .*000007\.npz and"
    ):
        read_part(path, CLIPS)


def stored(features: Path, **changed: np.ndarray) -> Path:
    folder = features / "answers-abababababab"
    folder.mkdir()
    for kind, array in arrays(**changed).items():
        np.save(folder / f"{kind}.npy", array)
    (folder / "index.json").write_text(json.dumps({"tagger_sha256": "ab" * 32}))
    return folder


@pytest.mark.parametrize("wrong", list(WRONG.values())[1:], ids=list(WRONG)[1:])
def test_a_wrong_array_of_joined_answers_is_named(tmp_path, wrong):
    stored(tmp_path, **wrong)
    (kind,) = wrong
    with pytest.raises(InputError, match=rf"{kind}\.npy is damaged: it has .*; delete .*/answers-(ab)+ and"):
        read_answers(tmp_path)


def test_an_archive_in_the_place_of_joined_answers_is_named(tmp_path):
    with (stored(tmp_path) / "logits.npy").open("wb") as file:
        np.savez(file, **arrays())
    with pytest.raises(InputError, match=r"logits\.npy is damaged: it holds several arrays"):
        read_answers(tmp_path)


BROKEN = {
    "empty": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "cut by a byte": lambda content: content[:-1],
    "text": lambda content: b"answers",
    "a blank begin": lambda content: bytes(100) + content[100:],
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_part_is_named(tmp_path, broken):
    path = tmp_path / "000000.npz"
    write_part(path, [(np.zeros(TAGS, "f2"), np.zeros(WIDTH, "f2"))] * CLIPS)
    assert read_part(path, CLIPS)["embeddings"].shape == (CLIPS, WIDTH)
    path.write_bytes(broken(path.read_bytes()))
    with pytest.raises(InputError, match=r"000000\.npz is damaged: it cannot be read"):
        read_part(path, CLIPS)


def test_an_array_that_is_no_part_is_named(tmp_path):
    with (tmp_path / "000000.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(InputError, match=r"000000\.npz is damaged: it cannot be read"):
        read_part(tmp_path / "000000.npz", CLIPS)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"tagger_sha256": 5}', '"tagger_sha256"', "null"])
def test_a_wrong_index_is_named(tmp_path, content):
    (stored(tmp_path) / "index.json").write_text(content)
    with pytest.raises(
        InputError, match=r"index\.json is damaged: it .* tagger_sha256.*; delete .*/answers-(ab)+ and"
    ):
        read_answers(tmp_path)


@pytest.mark.parametrize("kind", ["logits", "embeddings"])
def test_answers_that_lack_a_file_are_damaged(tmp_path, kind):
    (stored(tmp_path) / f"{kind}.npy").unlink()
    with pytest.raises(InputError, match=rf"{kind}\.npy is damaged: it cannot be read"):
        read_answers(tmp_path)


def test_a_part_of_another_tagger_is_named(tmp_path):
    for number, width in enumerate((WIDTH, WIDTH + 1)):
        write_part(tmp_path / f"{number}.npz", [(np.zeros(TAGS, "f2"), np.zeros(width, "f2"))])
    with pytest.raises(
        InputError, match=r"1\.npz is damaged: it has embeddings of 9 numbers, the first part of 8"
    ):
        join_parts(tmp_path, {tmp_path / "0.npz": 1, tmp_path / "1.npz": 1})
