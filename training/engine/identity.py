"""Record what a run or bundled model was made from, and check that it is used with the same data."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

from tpexplore.checkpoints.bundled import bundled_card
from tpexplore.errors import UNREADABLE_JSON, InputError
from tpexplore.model.config import ModelConfig
from tpexplore.text import load_json
from tpexplore.writing import write_json
from training.data.features import Features
from training.data.front_ends import EARLIER, FRONT_END, JOINING
from training.recipes.settings import load_recipe
from training.scoring.class_names import tags_of_classes
from training.system import parallel

SAME_DATA = ("dataset", "front_end", "training_clips", "test_split")
"""Fields that must match if a card has no keys. Not the attribution: its wording may change."""

ROOT = Path(__file__).resolve().parents[2]


def note_run(folder: Path, recipe: object, features: Features) -> None:
    """Write a run's recipe, commit and data into its folder.

    Raises
    ------
    InputError
        If the folder is a run of another recipe or of other features.
    """
    recipe_path, run_path = folder / "recipe.json", folder / "run.json"
    if recipe_path.exists() and not _same_recipe(recipe_path, recipe):
        raise InputError(f"{folder} was started with another recipe; choose another folder or delete it.")
    check_run(folder, features, all_of_them=True)
    if not parallel.is_main():
        return
    if not recipe_path.exists():
        write_json(recipe_path, asdict(recipe))
    if not run_path.exists():
        write_json(
            run_path, {"commit": git_commit(), "features": list(features.keys), "feature_keys": features.keys}
        )


def _same_recipe(path: Path, recipe: object) -> bool:
    """Whether a stored recipe equals this one; settings that it lacks have their defaults."""
    return json.dumps(asdict(load_recipe(str(path), type(recipe)))) == json.dumps(asdict(recipe))


def note_model(folder: Path, config: ModelConfig, features: Features) -> None:
    """Write into a run folder, once, the configuration of its model and the data it learns from."""
    if parallel.is_main() and not (folder / "model.json").exists():
        data = {"attribution": features.meta["attribution"], "training_clips": len(features.indices("train"))}
        write_json(folder / "model.json", {"config": asdict(config), "data": data})


def read_model_config(folder: Path) -> ModelConfig | None:
    """A run's model configuration; None for a run of the first edition, which did not store it."""
    path = folder / "model.json"
    if not path.exists():
        return None
    try:
        stored = read_json(path)["config"]
        return ModelConfig(**{**stored, "labels": tuple(stored["labels"])})
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); restore it.") from error


def check_run(folder: Path, features: Features, all_of_them: bool = False) -> None:
    """Raise InputError unless a run was trained on at least these features.

    Parameters
    ----------
    all_of_them : bool
        Whether they must be all features of the run, as needed to continue it.
    """
    path = folder / "run.json"
    if not path.exists() or not features.keys:
        return
    stored = read_json(path)
    names, keys = stored.get("features", []), stored.get("feature_keys", {})
    are_lists = isinstance(names, list) and isinstance(keys, dict)
    if not are_lists or not all(isinstance(text, str) for text in (*names, *keys.values())):
        raise InputError(f"{path} is damaged; expected names of features with their keys.")
    if "feature_keys" in stored:
        keys = keys.values()
        same = _among(features, keys) and (not all_of_them or len(keys) == len(features.keys))
    else:  # the first edition stored folders, or the split for folds of ESC-50
        known = {*names, *(name.rpartition("-")[0] for name in names)}
        about = (features.meta["dataset"], features.meta.get("split"))
        same = not known.isdisjoint((*about, *features.keys, *features.meta["dataset"].split(" + ")))
    if not same:
        raise InputError(
            f"{folder} was trained on {', '.join(names)}; expected those features, not"
            f" {', '.join(features.keys)}."
        )


def _among(features: Features, keys: Collection[str]) -> bool:
    """Whether ``keys`` has every dataset's key: of its content or, in the first edition, its clips."""
    return all(key in keys or features.list_keys.get(name) in keys for name, key in features.keys.items())


def check_fit(features: Features, config: ModelConfig) -> None:
    """Raise InputError unless a model has the features' classes and number of frames."""
    by_name = tags_of_classes(features, config) is not None
    if tuple(features.meta["class_names"]) != config.labels and not by_name:
        raise InputError(f"The features' classes are not those of {config.name}.")
    if features.meta["frames"] != config.frames:
        raise InputError(
            f"The features have {features.meta['frames']} frames; {config.name} expects {config.frames}."
        )


def check_bundled(features: Features, config: ModelConfig) -> None:
    """Raise InputError unless a bundled model was made from at least these features."""
    check_fit(features, config)
    made_from, present = bundled_card(config.name).get("data", {}), describe_data(features)
    if made_from.get("feature_keys") and features.keys:
        same_by_field = {"feature_keys": _among(features, made_from["feature_keys"].values())}
    else:  # a card of the first edition
        same_by_field = {
            field: present[field] == _up_to_date(made_from.get(field), features) for field in SAME_DATA
        }
    for field, same in same_by_field.items():
        if not same:
            raise InputError(
                f"{config.name} was made from {_in_words(made_from.get(field))}; expected the same features,"
                f" not {_in_words(present[field])}."
            )


def _up_to_date(value: object, features: Features) -> object:
    """A card's front end by today's name, if today's front end gives the same features."""
    joined = any("+" in name for name in features.files)
    same = (JOINING,) if joined else EARLIER
    return FRONT_END if value in same else value


def _in_words(value: object) -> str:
    return ", ".join(value) if isinstance(value, dict) else repr(value)


def describe_data(features: Features) -> dict:
    """A card's entry about the features that a model was made from."""
    return {
        "dataset": features.meta["dataset"],
        "front_end": features.meta["front_end"],
        "training_clips": len(features.indices("train")),
        "test_split": features.meta["split"],
        "attribution": features.meta["attribution"],
        "feature_keys": features.keys,
    }


def describe_run(folder: Path) -> dict:
    """A run's recipe, the commit it started at, its own start and the last line of its log, for cards."""
    origins = folder / "origins.json"
    return {
        "recipe": read_json(folder / "recipe.json"),
        **read_json(folder / "run.json"),
        **({"start": read_json(origins).get("start")} if origins.exists() else {}),
        "last": last_log_line(folder),
    }


def datasets_heard(description: dict | None) -> set[str]:
    """Names of the datasets that a model, its start and its teachers learnt from.

    Parameters
    ----------
    description : dict or None
        Result of `describe_run`, or the card of a bundled model.
    """
    if not isinstance(description, dict):
        return set()
    names = {name.rpartition("-")[0] or name for name in description.get("features", ())}
    names |= set(description.get("data", {}).get("dataset", "").split(" + ")) - {""}
    before = (description.get(part) for part in ("start", "teacher", "pretrained"))
    return names.union(*map(datasets_heard, before))


def last_log_line(folder: Path) -> dict:
    """A run's last log line; InputError if it has finished no epoch yet."""
    path = folder / "log.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    if not lines:
        raise InputError(f"{folder} has finished no epoch yet; continue its training first.")
    try:
        line = json.loads(lines[-1])
        return {**line, "epoch": line["epoch"], "minutes": line["minutes"]}
    except (*UNREADABLE_JSON, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); continue its training, which repairs it.") from error


def read_json(path: Path) -> dict:
    """A JSON object that an earlier command wrote; InputError if it is something else."""
    try:
        content = load_json(path)
    except UNREADABLE_JSON as error:
        raise InputError(f"{path} is damaged ({error}); restore it, or delete the folder.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is damaged; expected a JSON object.")
    return content


def git_commit() -> str:
    """Commit of the working tree, marked "+changes" where code differs from it; "unknown" outside of one."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], capture_output=True, check=True, cwd=ROOT)
        return os.fsdecode(done.stdout).strip()  # names of folders need not be text in the locale's encoding

    try:
        # An unpacked ZIP may lie inside of another project's checkout.
        if Path(git("rev-parse", "--show-toplevel")).resolve() != ROOT:
            return "unknown"
        changed = git("status", "--porcelain", "--", "tpexplore", "training")
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):  # no git, no checkout, or a checkout without commits
        return "unknown"
