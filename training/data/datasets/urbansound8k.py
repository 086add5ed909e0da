"""UrbanSound8K [Salamon 2014]: ten classes of city sound, ten folds, named by Freesound id."""

from __future__ import annotations

from pathlib import Path

from tpexplore.errors import InputError
from training.data.datasets.base import Dataset, Item, audio_files, need_folder
from training.data.datasets.esc50 import esc50_sources

CLASSES = (
    "air conditioner",
    "car horn",
    "children playing",
    "dog bark",
    "drilling",
    "engine idling",
    "gun shot",
    "jackhammer",
    "siren",
    "street music",
)


def urbansound8k(root: Path, *, fold: int | None = None, without_esc50: Path | None = None) -> Dataset:
    """The folds present; ``fold`` is for testing, the rest, or without it every clip, for training.

    File names contain class and source, so metadata/UrbanSound8K.csv is not needed. The official folds
    keep every source in one fold; the leak check rejects a copy with other folds.

    Parameters
    ----------
    without_esc50 : Path, optional
        An ESC-50 folder: clips cut from a Freesound recording that ESC-50 uses too are left out, so that
        a model may be pre-trained here and tested there.
    """
    folders = [p for p in sorted(need_folder(root / "audio").glob("fold*")) if p.is_dir()]
    numbers = {p: int(p.name.removeprefix("fold")) for p in folders if p.name[4:].isdecimal()}
    if fold is not None and fold not in numbers.values():
        raise InputError(f"Fold {fold} is not in {root / 'audio'}; expected a folder fold{fold}.")
    shared = esc50_sources(without_esc50) if without_esc50 else set()
    items = []
    for folder, number in numbers.items():
        for path in audio_files(folder):
            source, label = _source_and_class(path)
            if source not in shared:
                items.append(Item((path,), (label,), "test" if number == fold else "train", source))
    return Dataset(
        name="us8k",
        task="UrbanSound8K (at 16 kHz)",
        split=f"fold {fold}" if fold else "none",
        labels=CLASSES,
        frames=512,
        items=tuple(items),
        attribution="UrbanSound8K, J. Salamon, C. Jacoby, J. P. Bello 2014, CC BY-NC 3.0; "
        f"folds {', '.join(str(n) for n in sorted(numbers.values()))}",
    )


def _source_and_class(path: Path) -> tuple[str, int]:
    """Freesound id and class of SOURCE-CLASS-OCCURRENCE-SLICE.wav."""
    parts = path.stem.split("-")
    if len(parts) != 4 or parts[1] not in map(str, range(len(CLASSES))):
        raise InputError(f"{path} is not named as in UrbanSound8K; expected SOURCE-CLASS-OCCURRENCE-SLICE.")
    return parts[0], int(parts[1])
