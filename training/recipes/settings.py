"""Recipes: every setting of a training run, as data files."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from tpexplore.errors import UNREADABLE_JSON, InputError
from tpexplore.model.plan import FAMILIES, METHODS, RANKINGS, check_keep_rate, check_score
from tpexplore.text import load_json
from training.recipes.values import check_value

FOLDER = Path(__file__).parent
ELASTIC = "elastic"

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Optimiser:
    """What steps the weights.

    Attributes
    ----------
    kind : {"muon", "adamw", "adam"}
        Muon steps the matrices inside transformer blocks; AdamW everything else then.
    lr : float
        Peak learning rate.
    layer_decay : float
        Factor on the learning rate from one block to the one before it; 1 is none.
    clip_norm : float, optional
        Largest norm of a step's gradients.
    """

    kind: str
    lr: float
    weight_decay: float
    betas: tuple[float, float] = (0.9, 0.98)
    layer_decay: float = 1.0
    clip_norm: float | None = None


@dataclass(frozen=True)
class Schedule:
    """Learning rate over time: linear warm-up, then a half cosine or steps.

    Attributes
    ----------
    kind : {"cosine", "multistep"}
    warmup_epochs, warmup_steps : float, int
        Length of the warm-up; the two add up.
    min_lr : float
        Where the cosine ends.
    start, every, gamma : float
        Multistep: from epoch ``start`` on, times ``gamma`` at the start of each ``every`` epochs.
    """

    kind: str = "cosine"
    warmup_epochs: float = 0.0
    warmup_steps: int = 0
    min_lr: float = 0.0
    start: float = 0.0
    every: float = 1.0
    gamma: float = 1.0


@dataclass(frozen=True)
class Augmentation:
    """Changes of the pictures, see `training.data.augment`; everything is off unless named.

    Attributes
    ----------
    shift, stretch, pitch, pad_share, gain_db : float
        See `augment.warp` and `augment.gain`.
    mixup_alpha, mixup_share : float
        Beta distribution of the blend, and share of the clips that are blended.
    time_mask, freq_mask : int
        SpecAug's widest bands in frames and bins; off once pruning starts.
    noise : bool
        AST's noise on the normalised picture with a roll of up to 10 frames.
    """

    shift: float = 0.0
    stretch: float = 0.0
    pitch: float = 0.0
    pad_share: float = 1.0
    gain_db: float = 0.0
    mixup_alpha: float = 0.0
    mixup_share: float = 1.0
    time_mask: int = 0
    freq_mask: int = 0
    noise: bool = False


@dataclass(frozen=True)
class Recipe:
    """Settings that every stage has.

    Attributes
    ----------
    balance : float
        Exponent of the class counts that clips are drawn against: 0 draws every clip once an epoch,
        1 makes classes equally frequent.
    """

    seed: int
    epochs: float
    batch: int
    optimiser: Optimiser
    schedule: Schedule
    augment: Augmentation
    balance: float


@dataclass(frozen=True)
class TeacherRecipe(Recipe):
    """A CNN of timm: ``arch`` with ``channels`` per stage."""

    arch: str
    channels: tuple[int, ...]
    label_smoothing: float


@dataclass(frozen=True)
class StoredLessons:
    """Weights of the losses against a tagger's stored answers; 0 leaves one out.

    Attributes
    ----------
    tags : float
        Mean binary cross-entropy to the tagger's 527 probabilities.
    tag_logits : float
        Mean squared error of the 527 logits, each in units of its standard deviation over the clips.
    tag_softmax : float, optional
        Cross-entropy of the softmax over the 527 logits, in which a clip's strongest tags count most
        [Hinton 2015].
    embedding : float
        Mean squared error of the tagger's standardised embedding.
    labelled_share : float, optional
        Share of the clips of a batch that have a label; by default their share of the data.
    pseudo_labels : bool, optional
        Whether clips without a label get soft ones, see `training.data.pseudo_labels`.
    """

    tags: float = 0.0
    tag_logits: float = 0.0
    tag_softmax: float = 0.0
    embedding: float = 0.0
    labelled_share: float | None = None
    pseudo_labels: bool = False

    @property
    def any_tags(self) -> bool:
        """Whether a loss of the tags has a weight."""
        return bool(self.tags or self.tag_logits or self.tag_softmax)


@dataclass(frozen=True)
class PretrainRecipe(Recipe):
    """Masked auto-encoding: share masked, the decoder's width and blocks, epochs between pictures.

    ``answers`` are weights beside that of filling in, which is 1: the encoder also learns a tagger's stored
    answers, from the patches that it sees.
    """

    dim: int
    depth: int
    mask: float
    decoder_dim: int
    decoder_depth: int
    picture_every: float
    answers: StoredLessons = StoredLessons()


@dataclass(frozen=True)
class Pruning:
    """When and how much fine-tuning prunes.

    Attributes
    ----------
    start, warmup : float
        Epochs before pruning, and epochs over which the keep-rate falls along EViT's cosine.
    keep_rate : float or "elastic"
        One keep-rate, or a new one of the slider at every step.
    lowest, full_share : float
        Elastic: the lowest keep-rate, and the share of steps at 1.0.
    scores : dict of score -> share of the steps
    method : {"drop", "fuse", "merge"}
        What becomes of the patches that are not kept.
    """

    start: float
    warmup: float
    keep_rate: float | str
    scores: dict[str, float]
    lowest: float = 0.3
    full_share: float = 0.0
    method: str = "drop"


@dataclass(frozen=True)
class Distillation:
    """What a teacher's answers are used for; nothing, unless the run is given a teacher.

    Attributes
    ----------
    labels : float
        Weight of the teacher's soft labels against the true ones.
    to : {"readout", "token"}
        What learns them: the model's answer, or (AST) DeiT's way, the answer of the distillation token
        alone while that of CLS learns the true labels.
    features : float
        Weight of predicting the teacher's feature map, before pruning starts.
    """

    labels: float = 0.0
    to: str = "readout"
    features: float = 0.0


@dataclass(frozen=True)
class FinetuneRecipe(Recipe):
    """Supervised training of either family.

    Attributes
    ----------
    classes : {"labels", "tags"}
        What the model answers with: the dataset's classes, or the tagger's 527 tags, which it learns from
        stored answers alone.
    loss : {"ce", "bce"}
        Cross-entropy between classes, or one binary decision a class (multi-label).
    label_weight : float
        Weight of the loss against labels.
    whiten : bool
        Whether a fresh model's patch embedding begins with the principal components of training patches.
    token_drop : float
        Share of patches dropped at random before pruning starts.
    mask_time, mask_freq : float
        Share of time columns and mel rows dropped before pruning starts, AudioMAE's way.
    ema : float
        Decay of the averaged weights, which are what is exported; 0 takes the last weights.
    """

    family: str
    dim: int
    depth: int
    loss: str
    pruning: Pruning
    distil: Distillation
    classes: str = "labels"
    label_weight: float = 1.0
    whiten: bool = True
    answers: StoredLessons = field(default_factory=StoredLessons)
    drop_path: float = 0.0
    label_smoothing: float = 0.0
    token_drop: float = 0.0
    mask_time: float = 0.0
    mask_freq: float = 0.0
    ema: float = 0.0


CHOICES: dict[tuple[type, str], tuple[str, ...]] = {
    (Optimiser, "kind"): ("muon", "adamw", "adam"),
    (Schedule, "kind"): ("cosine", "multistep"),
    (Distillation, "to"): ("readout", "token"),
    (Pruning, "method"): METHODS,
    (FinetuneRecipe, "classes"): ("labels", "tags"),
    (FinetuneRecipe, "loss"): ("ce", "bce"),
    (FinetuneRecipe, "family"): FAMILIES,
}


def load_recipe(name: str, kind: type[Kind]) -> Kind:
    """Read ``recipes/NAME.json``, or a file, into a recipe of ``kind``."""
    path = Path(name) if name.endswith(".json") else FOLDER / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(str(p.relative_to(FOLDER).with_suffix("")) for p in FOLDER.rglob("*.json")))
        raise InputError(f"Recipe {name!r} does not exist; expected a .json file or one of {known}.")
    try:
        values = load_json(path, partial(_each_once, path.name))
    except InputError:
        raise
    except UNREADABLE_JSON as error:
        raise InputError(f"{path.name} is not JSON ({error}).") from error
    if not isinstance(values, dict):
        raise InputError(f"{path.name} is not a recipe; expected settings in braces.")
    return _build(kind, values, path.name)


def _each_once(where: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Settings in braces; of two with one name JSON itself would take the last."""
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InputError(f"{where} has settings twice: {', '.join(twice)}.")
    return values


def _build(kind: type[Kind], values: dict[str, Any], where: str) -> Kind:
    """A dataclass from plain JSON, its parts likewise."""
    known = dataclasses.fields(kind)
    missing = {f.name for f in known if f.default is f.default_factory is dataclasses.MISSING} - set(values)
    if wrong := missing | (set(values) - {f.name for f in known}):
        raise InputError(f"{where} has missing or unknown settings: {', '.join(sorted(wrong))}.")
    hints = get_type_hints(kind)
    built = {}
    for name, value in values.items():
        if (kind, name) in CHOICES and value not in CHOICES[kind, name]:
            expected = ", ".join(CHOICES[kind, name])
            raise InputError(f"{where}: {name} is {value!r}; expected one of {expected}.")
        if dataclasses.is_dataclass(hints[name]) and isinstance(value, dict):
            value = _build(hints[name], value, f"{where}, {name}")
        else:
            check_value(name, value, hints[name], where)
        built[name] = value
    if kind is Pruning:
        _check_pruning(built, where)
    return kind(**built)


def _check_pruning(values: dict[str, Any], where: str) -> None:
    rate = values["keep_rate"]
    if rate != ELASTIC and not (isinstance(rate, (int, float)) and 0 < rate <= 1):
        raise InputError(f"{where}: keep_rate is {rate!r}; expected a number up to 1 or {ELASTIC!r}.")
    if unknown := set(values["scores"]) - set(RANKINGS):
        raise InputError(
            f"{where}: scores names {sorted(unknown)}; expected shares of {', '.join(RANKINGS)}."
        )
    if not any(values["scores"].values()):
        raise InputError(f"{where}: no score has a share above 0; expected one that is used.")


def changed(
    recipe: FinetuneRecipe, keep_rate: float | None, score: str | None, seed: int | None
) -> FinetuneRecipe:
    """A recipe with what a study varies: the paper trains once per keep-rate, score and seed."""
    pruning = recipe.pruning
    if keep_rate is not None:
        pruning = dataclasses.replace(pruning, keep_rate=check_keep_rate(keep_rate))
    if score is not None:
        pruning = dataclasses.replace(pruning, scores={check_score(score): 1.0})
    return dataclasses.replace(recipe, pruning=pruning, seed=recipe.seed if seed is None else seed)
