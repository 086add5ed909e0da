"""A dataset's classes under AudioSet's names, to test a tagging model on labels it never learned."""

from __future__ import annotations

from tpexplore.checkpoints.labels import LABELS_FOLDER, audioset_labels, read_names
from tpexplore.model.config import ModelConfig
from training.data.features import Features

ESC50_FILE = LABELS_FOLDER / "esc50_audioset.csv"
"""For each class of ESC-50 the AudioSet class that means the same, or comes nearest."""


def tags_of_classes(features: Features, config: ModelConfig) -> list[int] | None:
    """Index of the model's answer for each of a dataset's classes.

    None if the model is not a tagging model, or has no name for one of the classes.
    """
    classes = features.meta["class_names"]
    if not classes or config.labels != audioset_labels() or tuple(classes) == config.labels:
        return None
    names = audioset_names()
    known = {label: index for index, label in enumerate(config.labels)}
    tags = [known.get(names.get(name, name)) for name in classes]
    return None if None in tags else tags


def audioset_names() -> dict[str, str]:
    """AudioSet's name of each class of ESC-50, or InputError if the list is damaged."""
    return read_names(ESC50_FILE, "esc50", "audioset")
