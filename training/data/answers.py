"""A tagger's answers to every clip of a feature folder, stored so that no teacher runs during training.

The tagger hears the clean clips [Schmid et al. 2023]; training mixes stored answers when it mixes clips.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr
import torch
from scipy.special import logit
from tqdm import tqdm

from tpexplore.checkpoints.labels import audioset_labels
from tpexplore.errors import UNREADABLE_JSON, InputError, shown
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.text import load_json
from tpexplore.writing import write_json
from training.data.answer_files import KINDS, damaged, join_parts, read_joined, read_part, write_part
from training.data.features import Features, read_features
from training.data.sound import paths_by_name, sound_of
from training.data.tagger import SAMPLE_RATE as TAGGER_RATE
from training.data.tagger import Tagger
from training.system import parallel
from training.system.lock import lock_folder

CLIPS_PER_PART = 64
"""Clips whose answers are written at once; a kill loses no more than these."""

PRESENT = 0.3
"""A clip has a tag if the tagger's probability is above this."""


@dataclass(frozen=True)
class StoredAnswers:
    """A tagger's answers to all clips of a feature folder, in its order.

    Attributes
    ----------
    logits : (clips, 527) float16
    embeddings : (clips, channels) float16
    sha256 : str
        Of the tagger's weights.
    """

    logits: np.ndarray
    embeddings: np.ndarray
    sha256: str


def as_tags(features: Features, answers: StoredAnswers) -> Features:
    """Features whose classes are AudioSet's 527, with the tagger's tags instead of labels."""
    about = {"class_names": list(audioset_labels()), "multilabel": True, "task": "AudioSet tags"}
    present = answers.logits.astype(np.float32) > logit(PRESENT)
    return replace(features, targets=present, meta=features.meta | about)


def answers_folder(features: Path, sha256: str) -> Path:
    return features / f"answers-{sha256[:12]}"


def read_answered(folder: Path) -> tuple[Features, StoredAnswers | None]:
    """Features, and the answers to each of their clips; None if there are no answers.

    Raises
    ------
    InputError
        If either cannot be read, or they have different numbers of clips.
    """
    features, answers = read_features(folder), read_answers(folder)
    if answers is not None and len(answers.logits) != len(features.files):
        raise InputError(
            f"{answers_folder(folder, answers.sha256)} holds answers to {len(answers.logits)} clips, of"
            f" {len(features.files)}; delete it and run python -m training.answers again."
        )
    return features, answers


def read_answers(features: Path) -> StoredAnswers | None:
    """The answers stored in a feature folder; None if there are none.

    Raises
    ------
    InputError
        If there are answers of several taggers, or damaged ones.
    """
    present = sorted(path.parent for path in features.glob("answers-*/index.json"))
    if not present:
        return None
    if len(present) > 1:
        names = ", ".join(path.name for path in present)
        raise InputError(f"{features} holds the answers of several taggers ({names}); delete all but one.")
    path = present[0] / "index.json"
    try:
        sha256 = load_json(path)["tagger_sha256"]
    except (*UNREADABLE_JSON, KeyError, TypeError) as error:
        raise damaged(path, "names no tagger_sha256") from error
    if not isinstance(sha256, str):
        raise damaged(path, f"has {shown(sha256)} as tagger_sha256, expected text")
    return StoredAnswers(*read_joined(present[0]), sha256)


def join_answers(several: Sequence[StoredAnswers | None], rows: Sequence[np.ndarray]) -> StoredAnswers | None:
    """Rows of several folders' answers as one; None unless every folder has answers.

    Raises
    ------
    InputError
        If the answers come from different taggers.
    """
    if any(answers is None for answers in several):
        return None
    if len({answers.sha256 for answers in several}) > 1:
        raise InputError("The feature folders hold answers of different taggers; expected those of one.")
    joined = [
        np.concatenate([getattr(answers, kind)[r] for answers, r in zip(several, rows, strict=True)])
        for kind in KINDS
    ]
    return StoredAnswers(*joined, several[0].sha256)


def store_answers(folder: Path, audio: Path, tagger: Tagger) -> Path:
    """Run the tagger on every clip of a feature folder and write its answers beside the features.

    Raises
    ------
    InputError
        If a clip or its answers cannot be read, or another process is computing the same answers.
    """
    features, target = read_features(folder), answers_folder(folder, tagger.sha256)
    parts_folder = target / "parts"
    if (target / "index.json").exists():
        shutil.rmtree(parts_folder, ignore_errors=True)  # killed before they could be removed
        return target
    paths = paths_by_name(audio)
    lock = lock_folder(target)  # released when this returns
    parallel.barrier()
    if (target / "index.json").exists():  # another command has finished while the folder was searched
        return target
    parts_folder.mkdir(parents=True, exist_ok=True)
    clips = range(len(features.files))
    rows = {
        parts_folder / f"{number:06d}.npz": clips[begin : begin + CLIPS_PER_PART]
        for number, begin in enumerate(clips[::CLIPS_PER_PART])
    }
    files = list(rows)
    mine = [files[number] for number in parallel.shard(len(files))]
    for file in filter(Path.exists, mine):
        read_part(file, len(rows[file]))  # report a damaged part before hours of work, not after
    for file in tqdm(mine, desc=f"answers to {folder.name}", disable=not parallel.is_main()):
        if not file.exists():
            write_part(file, [_one_answer(tagger, features, row, paths) for row in rows[file]])
    parallel.barrier()
    if parallel.is_main():
        join_parts(target, {file: len(of_part) for file, of_part in rows.items()})
        write_json(target / "index.json", {"tagger_sha256": tagger.sha256})  # last: marks all as complete
        shutil.rmtree(parts_folder, ignore_errors=True)
    parallel.barrier()
    del lock
    return target


@torch.inference_mode()
def _one_answer(
    tagger: Tagger, features: Features, row: int, paths: dict[str, Path]
) -> tuple[np.ndarray, np.ndarray]:
    """Logits and embedding of one clip, from the same stretch of sound as its features."""
    samples = sound_of(features.files[row], paths, features.meta["frames"])
    wave = soxr.resample(samples, SAMPLE_RATE, TAGGER_RATE)
    answer = tagger(torch.from_numpy(wave)[None])
    return answer.logits[0].half().numpy(), answer.embedding[0].half().numpy()
