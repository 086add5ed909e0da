"""Models by name, file or hub id."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from tpexplore.checkpoints.files import FORMAT
from tpexplore.checkpoints.huggingface import CONFIG, EXTRACTOR
from tpexplore.checkpoints.labels import audioset_labels
from tpexplore.checkpoints.published import (
    AUDIOSET_CLASSES,
    NORMALISATION_BY_CLASSES,
    Official,
    convert,
    published_name,
    usual_normalisation,
)
from tpexplore.checkpoints.sources import ModelSource, cannot_use, find_source
from tpexplore.errors import InputError, shown
from tpexplore.model.config import ModelConfig
from tpexplore.model.vit import AudioViT
from tpexplore.signal.spectrogram import Padding


def load_model(
    source: str | Path,
    *,
    frames: int | None = None,
    labels: Sequence[str] | None = None,
    mean: float | None = None,
    std: float | None = None,
    pad: Padding | None = None,
) -> AudioViT:
    """Load an AudioMAE or AST, ready to classify.

    Parameters
    ----------
    source : str or Path
        A bundled name ("ast-spc12"); a checkpoint file (.safetensors written by this project, timm or
        transformers; .pth of AudioMAE, AST, SSAST or the paper's authors); a folder as transformers saves
        AST, with config.json, preprocessor_config.json and weights; or "hf_hub:owner/name", a repository
        with such files.
    frames : int, optional
        Input frames (10 ms each) for a published checkpoint, up to its own; a multiple of 16 where patches
        do not overlap. The position grid is cropped the family's documented way. Models trained here have
        one length.
    labels : sequence of str, optional
        Class names, where the files have none; 527 classes are AudioSet's unless named otherwise.
    mean, std : float, optional
        Normalisation of a published checkpoint; by default from its preprocessor_config.json, else the
        published values of its training data, which are inferred from its classes, else from its frames.
    pad : {"min", "zero"}, optional
        Padding of a published checkpoint; by default that of its training, as far as the file shows it.

    Returns
    -------
    AudioViT
        In evaluation mode.

    Raises
    ------
    InputError
        If the source does not exist, cannot be read, or does not fit.

    Examples
    --------
    >>> model = load_model("ast-spc12")
    >>> model.config.patches
    64
    """
    if pad is not None and not (isinstance(pad, str) and pad in get_args(Padding)):
        raise InputError(f"pad = {shown(pad)}; expected one of {', '.join(get_args(Padding))}.")
    mean, std = _checked_number(mean, "mean"), _checked_number(std, "std")
    frames, labels = _checked_frames(frames), _checked_labels(labels)
    source = find_source(str(source))
    overrides = {"mean": mean, "std": std, "pad": pad, "labels": labels}
    overrides = {key: value for key, value in overrides.items() if value is not None}
    contents, metadata = source.read()
    if metadata.get("format") == FORMAT:
        if frames is not None or overrides:
            changed = ", ".join([*(["frames"] if frames is not None else []), *overrides])
            raise InputError(f"{source.name} was trained here and brings its own {changed}; leave them out.")
        config = _own_config(metadata, source.name)
        return _build(dataclasses.replace(config, name=source.name, sha256=source.sha256), contents)
    try:
        official = convert(contents, frames, source.settings and source.settings.geometry)
        config = ModelConfig(
            family=official.family,
            frames=official.geometry.frames,
            mel_stride=official.geometry.mel_stride,
            time_stride=official.geometry.time_stride,
            dim=official.dim,
            depth=official.depth,
            classes=official.classes,
            name=source.name,
            sha256=source.sha256,
            **_published_values(official, source, overrides),
        )
    except InputError as error:
        raise cannot_use(source.name, error) from None
    return _build(config, official.state, form=official.form)


def _published_values(official: Official, source: ModelSource, overrides: dict[str, Any]) -> dict[str, Any]:
    """Settings that weights alone lack: the caller's, else those of files beside them, else the usual."""
    settings = source.settings if official.form == "transformers" else None
    audioset = official.classes == AUDIOSET_CLASSES
    mean, std = usual_normalisation(official.geometry.frames, official.classes)
    values: dict[str, Any] = {"mean": mean, "std": std, "pad": official.pad, "multilabel": audioset}
    if audioset:
        values |= {"labels": audioset_labels(), "task": "AudioSet"}
    has_default = official.form != "transformers" or official.classes in NORMALISATION_BY_CLASSES
    if settings and settings.mean is not None:
        values |= {"mean": settings.mean, "std": settings.std}
    elif not has_default and not {"mean", "std"} <= overrides.keys():
        has_extractor = (source.weights[0].parent / EXTRACTOR).is_file()  # not read without config.json
        lacking = f"{CONFIG} with a model_type" if has_extractor else EXTRACTOR
        raise InputError(f"it lacks {lacking}; put it beside the weights, or give mean and std")
    if settings and settings.labels and official.classes:
        names = len(settings.labels)
        if names != official.classes:
            raise InputError(
                f"its {CONFIG} has an id2label of length {names}; expected {official.classes}, the classes of"
                " its classifier"
            )
        values["labels"] = settings.labels
    if settings and settings.multilabel is not None:
        values["multilabel"] = settings.multilabel
    return values | overrides


def _checked_number(value: float | None, name: str) -> float | None:
    if value is None:
        return None
    number = _as_float(value)
    if not math.isfinite(number) or (name == "std" and number <= 0):
        raise InputError(f"{name} = {shown(value)}; expected a finite number{' above 0' * (name == 'std')}.")
    return number


def _checked_frames(value: float | None) -> int | None:
    """A whole number, also where it comes as 512.0."""
    if value is None:
        return None
    number = _as_float(value)
    if not number.is_integer():
        raise InputError(f"frames = {shown(value)}; expected a whole number, such as 512.")
    return int(number)


def _as_float(value: object) -> float:
    """A real number; NaN for anything else, and infinity if it is too large."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _checked_labels(labels: Sequence[str] | None) -> tuple[str, ...] | None:
    try:
        names = () if labels is None else tuple(labels)
    except TypeError:
        names = (None,)
    if isinstance(labels, (str, bytes)) or not all(isinstance(name, str) for name in names):
        raise InputError(f"labels = {shown(labels)}; expected a list of names, one for each class.")
    return names or None


def _own_config(metadata: dict[str, str], name: str) -> ModelConfig:
    """The configuration in a file that `write_safetensors` made."""
    try:
        values = json.loads(metadata["config"])
        return ModelConfig(**{**values, "labels": tuple(values["labels"])})
    except (KeyError, TypeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{name} does not tell what model it holds; export it again.") from error


class _Unfilled(TorchFunctionMode):
    """Skips the random initialisation of new weights, which takes 0.2 s per model even without memory."""

    _FILLS = frozenset(("uniform_", "normal_", "erfinv_", "mul_", "add_", "clamp_", "zero_", "fill_"))

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in self._FILLS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def _build(config: ModelConfig, state: dict[str, Tensor], form: str | None = None) -> AudioViT:
    name = config.name

    def stored_name(key: str) -> str:
        return published_name(key, form) if form else key

    # No time is spent on random weights that are replaced at once.
    with torch.device("meta"), _Unfilled():
        model = AudioViT(config)
    for key, expected in model.state_dict().items():
        if key not in state:
            raise InputError(f"{name} lacks {stored_name(key)} of shape {tuple(expected.shape)}.")
        if state[key].shape != expected.shape:
            raise InputError(
                f"{name} has {stored_name(key)} of shape {tuple(state[key].shape)};"
                f" expected {tuple(expected.shape)}."
            )
    if surplus := set(state) - set(model.state_dict()):
        raise InputError(f"{name} has weights this model does not know, such as {stored_name(min(surplus))}.")
    for key, value in state.items():
        if value.layout != torch.strided or value.is_nested or value.is_meta:
            raise InputError(
                f"{name} has {stored_name(key)} as a tensor that is sparse, nested or without data;"
                " expected plain numbers."
            )
        if not value.is_floating_point():  # quantised, say: their scales lie elsewhere
            raise InputError(
                f"{name} has {stored_name(key)} of type {value.dtype}; expected floating-point weights."
            )
        state[key] = value.float()
        if not state[key].isfinite().all():
            raise InputError(f"{name} has NaN or infinity in {stored_name(key)}; expected finite weights.")
    model.load_state_dict(state, assign=True)
    return model.eval()
