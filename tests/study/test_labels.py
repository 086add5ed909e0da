"""Which class a clip holds by its name or folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tests.conftest import tiny_config
from tpexplore.study.labels import knows_esc50, label_clips
from tpexplore.study.uploads import OwnFile


def config_of(labels: list[str], task: str = ""):
    return dataclasses.replace(
        tiny_config("ast", classes=len(labels)), labels=tuple(labels), task=task, name="tiny"
    )


def targets(names: list[str], config) -> list[int | None]:
    return [clip.target for clip in label_clips([OwnFile(Path("x"), name) for name in names], config)]


def test_folders_and_names_are_matched_with_the_labels_of_the_model():
    config = config_of(["dog", "car horn", "car", "Rain_Drops", "yes"])
    names = {
        "dog/1.wav": 0,
        "data/fold1/DOG/cat.wav": 0,
        "car_horn/x.wav": 1,
        "Car-Horn/x.wav": 1,
        "rain drops/x.wav": 3,
        "dog.wav": 0,
        "dog_2.wav": 0,
        "dog2.wav": 0,
        "dog (1).wav": 0,
        "car horn 3.wav": 1,
        "CAR_HORN-3.wav": 1,
        "car 3.wav": 2,
        "YES.ogg": 4,
        "unknown/dog_3.wav": 0,
        "dogs.wav": None,
        "carpet.wav": None,
        "wolf/1.wav": None,
        "1.wav": None,
    }
    assert targets(list(names), config) == list(names.values())


def test_the_label_is_kept_of_clips_that_no_class_fits():
    config = config_of(["dog", "cat"])
    files = [
        OwnFile(Path("x"), name) for name in ("data/Wolf_1/a.wav", "a.wav", "1-100032-A-12.wav", "dog.wav")
    ]
    assert [clip.label_text for clip in label_clips(files, config)] == [
        "Wolf_1",
        "",
        "ESC-50 target 12",
        "dog",
    ]


def test_esc50_targets_count_only_for_models_of_esc50():
    names = [f"sound {i}" for i in range(50)]
    esc50 = config_of(names, task="ESC-50 (at 16 kHz)")
    unnamed = config_of([f"class {i}" for i in range(50)])
    other = config_of(names, task="other")
    few = config_of(["dog", "cat"], task="ESC-50")
    assert [knows_esc50(config) for config in (esc50, unnamed, other, few)] == [True, True, False, False]
    clip = "audio/5-9032-A-0.wav"
    assert targets([clip, "1-100032-B-49.ogg", "1-1-A-50.wav"], esc50) == [0, 49, None]
    assert targets([clip], unnamed) == [0]
    assert targets([clip], other) == [None]
    assert targets([clip], few) == [None]
    assert targets(["sound 7/5-9032-A-0.wav"], esc50) == [7]  # the folder counts first


def test_the_nearest_folder_that_is_a_class_is_the_label():
    config = config_of(["dog", "cat"])
    names = {"cat/speaker1/2.wav": 1, "dog/3.wav": 0, "set/dog/cat/4.wav": 1, "cat/a/b/dog.wav": 1}
    assert targets(list(names), config) == list(names.values())


def test_labels_of_unknown_classes_are_of_the_level_of_the_known_ones():
    config = config_of(["dog", "cat"])
    names = ["data/dog/1.wav", "data/cat/speaker1/2.wav", "data/wolf/speaker1/3.wav", "data/4.wav", "5.wav"]
    clips = label_clips([OwnFile(Path("x"), name) for name in names], config)
    assert [clip.label_text for clip in clips] == ["dog", "cat", "wolf", "data", ""]
