"""Training data: the features of one or several folders, and a tagger's answers to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tpexplore.errors import InputError
from training.data.answers import StoredAnswers, as_tags, join_answers, read_answered
from training.data.features import Features, add_unlabelled, join_features

NO_ANSWERS = "The recipe learns from stored answers; run python -m training.answers first."


def training_data(folders: list[Path], classes: str = "labels") -> tuple[Features, StoredAnswers | None]:
    """The first folder's features, with the training clips of the others added without their labels.

    Answers are returned if every folder has them; all must be of one tagger. With "tags" as ``classes`` the
    tagger's tags replace the labels.
    """
    several, stored = zip(*map(read_answered, folders), strict=True)
    features, answers = several[0], stored[0]
    if len(folders) > 1:
        rows = [np.arange(len(several[0].files)), *(f.indices("train") for f in several[1:])]
        features, answers = add_unlabelled(several[0], list(several[1:])), join_answers(stored, rows)
    if classes == "tags":
        if answers is None:
            raise InputError(NO_ANSWERS)
        features = as_tags(features, answers)
    return features, answers


def answered_data(folders: list[Path]) -> tuple[Features, StoredAnswers]:
    """Like `training_data`, but InputError if a folder has no answers."""
    features, answers = training_data(folders)
    if answers is None:
        raise InputError(NO_ANSWERS)
    return features, answers


def pretraining_data(folders: list[Path]) -> tuple[Features, StoredAnswers | None]:
    """The training clips of all folders, and a tagger's answers to them if every folder has them."""
    several, stored = zip(*map(read_answered, folders), strict=True)
    if len(several) == 1:
        return several[0], stored[0]
    return join_features(list(several)), join_answers(
        stored, [features.indices("train") for features in several]
    )
