"""Models by name, file or hub id."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from tpexplore.checkpoints.bundled import (
    HUB_PREFIX,
    MODELS_FOLDER,
    bundled_card,
    bundled_names,
    check_model_name,
)
from tpexplore.checkpoints.files import FORMAT, read_safetensors, read_torch_file, sha256_of
from tpexplore.checkpoints.labels import audioset_labels
from tpexplore.checkpoints.published import (
    AUDIOSET_CLASSES,
    convert,
    published_name,
    usual_normalisation,
)
from tpexplore.errors import InputError
from tpexplore.model.vit import AudioViT, ModelConfig
from tpexplore.signal.checks import shown
from tpexplore.signal.spectrogram import Padding

LFS_POINTER = b"version https://git-lfs"


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
        A bundled name ("ast-spc12"), a checkpoint file (.safetensors written by this project or timm;
        .pth of AudioMAE, AST or the paper's authors), or "hf_hub:owner/name".
    frames : int, optional
        Input frames (10 ms each) for a published checkpoint: a multiple of 16 up to its own, 1024. The
        position grid is cropped the family's documented way. Models trained here have one length.
    labels : sequence of str, optional
        Class names, where the file has none; 527 classes are AudioSet's unless named otherwise.
    mean, std : float, optional
        Normalisation of a published checkpoint; by default the published values of the data it
        was trained on, told by its classes, else by its frames.
    pad : {"min", "zero"}, optional
        Padding of a published checkpoint; by default what it was trained with, as far as it tells.

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
    if pad not in (None, *get_args(Padding)):
        raise InputError(f"pad = {pad!r}; expected one of {', '.join(get_args(Padding))}.")
    mean, std = _checked_number(mean, "mean"), _checked_number(std, "std")
    frames, labels = _checked_frames(frames), _checked_labels(labels)
    path, name = _locate(str(source))
    given = {"mean": mean, "std": std, "pad": pad, "labels": labels}
    given = {key: value for key, value in given.items() if value is not None}
    digest = _checked_digest(path)
    contents: object
    if path.suffix.lower() == ".safetensors":
        contents, metadata = read_safetensors(path)
        if metadata.get("format") == FORMAT:
            if frames is not None or given:
                changed = ", ".join([*(["frames"] if frames is not None else []), *given])
                raise InputError(f"{name} was trained here and brings its own {changed}; leave them out.")
            config = dataclasses.replace(_own_config(metadata, name), name=name, sha256=digest)
            return _build(config, contents)
    else:
        contents = read_torch_file(path)
    try:
        found = convert(contents, frames)
    except InputError as error:
        raise InputError(f"{name} cannot be used: {error}.") from None
    usual_mean, usual_std = usual_normalisation(found.frames, found.classes)
    audioset = found.classes == AUDIOSET_CLASSES
    if audioset:
        given.setdefault("labels", audioset_labels())
    values = {"mean": usual_mean, "std": usual_std, "pad": found.pad, **given}
    config = ModelConfig(
        family=found.family,
        frames=found.frames,
        dim=found.dim,
        depth=found.depth,
        classes=found.classes,
        multilabel=audioset,
        name=name,
        task="AudioSet" if audioset else "",
        sha256=digest,
        **values,
    )
    return _build(config, found.state, published=True)


def _checked_number(value: float | None, name: str) -> float | None:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if value is not None and not (is_number and math.isfinite(value) and (name == "mean" or value > 0)):
        raise InputError(f"{name} = {value!r}; expected a finite number{' above 0' * (name == 'std')}.")
    return None if value is None else float(value)


def _checked_frames(value: float | None) -> int | None:
    """A whole number, also where it comes as 512.0."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if value is not None and not (is_number and math.isfinite(value) and value == int(value)):
        raise InputError(f"frames = {value!r}; expected a whole number, such as 512.")
    return None if value is None else int(value)


def _checked_labels(labels: Sequence[str] | None) -> tuple[str, ...] | None:
    try:
        names = () if labels is None else tuple(labels)
    except TypeError:
        names = (None,)
    if isinstance(labels, (str, bytes)) or not all(isinstance(name, str) for name in names):
        raise InputError(f"labels = {shown(labels)}; expected a list of names, one for each class.")
    return names or None


def _locate(source: str) -> tuple[Path, str]:
    check_model_name(source)
    if source.startswith(HUB_PREFIX):
        return _download(source.removeprefix(HUB_PREFIX)), source
    if source in bundled_names():
        return MODELS_FOLDER / f"{source}.safetensors", source
    return Path(source), Path(source).name


def _download(repository: str) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # offline, it would tell of every retry before the one sentence below
    try:
        return Path(hf_hub_download(repository, "model.safetensors"))
    except Exception as error:  # its own kinds, the HTTP client's, the disk's
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0].rstrip(".")
        raise InputError(f"{HUB_PREFIX}{repository} could not be fetched ({reason}).") from error
    finally:
        logging.set_verbosity(verbosity)


def _own_config(metadata: dict[str, str], name: str) -> ModelConfig:
    """The configuration in a file that `write_safetensors` made."""
    try:
        values = json.loads(metadata["config"])
        return ModelConfig(**{**values, "labels": tuple(values["labels"])})
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise InputError(f"{name} does not tell what model it holds; export it again.") from error


def _checked_digest(path: Path) -> str:
    """SHA-256 of the weights; a bundled model's must be the one on its card."""
    try:
        with path.open("rb") as file:
            start = file.read(len(LFS_POINTER))
        digest = sha256_of(path)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    if start == LFS_POINTER:
        raise InputError(f"{path.name} is a Git LFS pointer, not the weights; fetch it with git lfs pull.")
    if path.parent == MODELS_FOLDER and digest != bundled_card(path.stem)["weights_sha256"]:
        raise InputError(f"{path.name} differs from the sha256 on its card; fetch the file again.")
    return digest


def _build(config: ModelConfig, state: dict[str, Tensor], published: bool = False) -> AudioViT:
    name = config.name

    def shown(key: str) -> str:
        return published_name(key, config.family) if published else key

    with torch.device("meta"):  # no time spent on random weights that are replaced at once
        model = AudioViT(config)
    for key, wanted in model.state_dict().items():
        if key not in state:
            raise InputError(f"{name} lacks {shown(key)} of shape {tuple(wanted.shape)}.")
        if state[key].shape != wanted.shape:
            raise InputError(
                f"{name} has {shown(key)} of shape {tuple(state[key].shape)}; expected {tuple(wanted.shape)}."
            )
    if surplus := set(state) - set(model.state_dict()):
        raise InputError(f"{name} has weights this model does not know, such as {shown(min(surplus))}.")
    model.load_state_dict({k: v.float() for k, v in state.items()}, assign=True)
    return model.eval()
